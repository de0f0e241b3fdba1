package org.consilium.site.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.TensorSpec;
import org.consilium.protocol.RoundTask;
import org.consilium.site.protect.Consortium;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A kept delta goes into a sum rounds later: its bytes have to be the ones that were kept. */
final class KeptDeltaTest {
  private static final ParameterLayout LAYOUT = ParameterLayout.of(List.of(TensorSpec.of("a", 5)));

  @TempDir Path folder;

  private KeptDelta kept;

  @BeforeEach
  void keep() throws Exception {
    RoundTask task = new Consortium(folder.resolve("ca")).task(LAYOUT, 1);
    kept = KeptDelta.in(folder);
    kept.keep(PlainDeltas.trained(LAYOUT, new float[] {1, 2, 3, 4, 5}), task);
  }

  @Test
  void intact_asItWasKept_isTrueAndTheValuesAreThere() throws Exception {
    assertThat(kept.intact()).isTrue();

    float[] values = new float[5];
    try (TrainingResult.Trained trained = kept.open()) {
      trained.delta().read(0, values, 0, 5);
    }
    assertThat(values).containsExactly(1f, 2f, 3f, 4f, 5f);
  }

  @Test
  void intact_anyByteChanged_isFalse() throws Exception {
    byte[] bytes = Files.readAllBytes(file());

    for (int at = 0; at < bytes.length; at++) {
      byte[] changed = bytes.clone();
      changed[at] ^= 0x40;
      Files.write(file(), changed);
      assertThat(kept.intact()).as("byte " + at).isFalse();
    }
  }

  @Test
  void intact_checksumMissingOrOfAnother_isFalse() throws Exception {
    Path checksum = folder.resolve("kept-delta.sha256");
    byte[] text = Files.readAllBytes(checksum);
    Files.delete(checksum); // as an earlier release kept it, or a crash in between
    assertThat(kept.intact()).isFalse();

    text[0] ^= 1;
    Files.write(checksum, text);
    assertThat(kept.intact()).isFalse();
    Files.write(checksum, new byte[text.length]);
    assertThat(kept.intact()).isFalse();
  }

  @Test
  void drop_leavesNothing() throws Exception {
    kept.drop();

    assertThat(kept.origin()).isEmpty();
    assertThat(kept.intact()).isFalse();
    assertThat(folder.resolve("kept-delta.sha256")).doesNotExist();
  }

  private Path file() {
    return folder.resolve("kept-delta.safetensors");
  }
}
