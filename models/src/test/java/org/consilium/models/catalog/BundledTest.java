package org.consilium.models.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.models.params.TensorSpec;
import org.consilium.models.tune.Start;
import org.consilium.models.tune.TrainedSet;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelSpec;
import org.consilium.protocol.StudyPlan;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BundledTest {
  private static final long BYTES_MAX = 8_000_000;

  @TempDir private Path folder;

  @Test
  void all_haveTheirDigestLengthAndArchitecture() throws IOException {
    assertThat(Bundled.all()).isNotEmpty();
    for (Bundled each : Bundled.all()) {
      Path file = folder.resolve("f.safetensors");
      try (InputStream in = each.open()) {
        Files.write(file, in.readAllBytes());
      }
      assertThat(Digest.sha256(file)).isEqualTo(each.foundation().version().digest());
      assertThat(Files.size(file)).isEqualTo(each.foundation().fileBytes()).isLessThan(BYTES_MAX);
      TrainedSet set =
          TrainedSet.of(
              Catalogue.require(new ModelSpec(each.architecture(), 1, 64, 64, 1, 0)),
              StudyPlan.Tuning.FULL);
      try (SafetensorsFile values = SafetensorsFile.open(file)) {
        float[] start = new float[(int) set.whole().length()];
        Start.from(values, set, 1).read(0, start, 0, start.length);
        double squares = 0;
        for (float value : start) {
          squares += (double) value * value;
        }
        assertThat(Math.sqrt(squares / start.length)).isBetween(0.01, 10.0);
        // As their cards say, they know no places.
        for (int t = 0; t < values.layout().tensors().size(); t++) {
          TensorSpec tensor = values.layout().tensors().get(t);
          if (tensor.name().equals("pos_embed")) {
            float[] places = new float[(int) tensor.length()];
            values.read(values.layout().offset(t), places, 0, places.length);
            assertThat(places).containsOnly(0);
          }
        }
      }
    }
  }
}
