package org.consilium.site;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.consilium.models.catalog.Catalogue;
import org.consilium.models.catalog.ModelSheet;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.NpzWriter;
import org.consilium.models.data.Split;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.SafetensorsWriter;
import org.consilium.protocol.ModelSpec;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ModelCommandTest {
  private static final ModelSheet SHEET =
      new ModelSheet(
          new ModelSpec("resnet-gn-tiny", 1, 16, 16, 1, 0),
          List.of("normal", "lesion"),
          "fixed",
          0.5,
          0.25);

  @TempDir Path folder;

  private record Run(int exit, String out) {}

  @BeforeEach
  void writeData() throws IOException {
    byte[] pixels = new byte[8 * 16 * 16];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (byte) (i * 31);
    }
    ImageSet cases = new ImageSet(1, 16, 16, pixels, new int[] {0, 1, 0, 1, 0, 1, 0, 1});
    NpzWriter.write(folder.resolve("data.npz"), Map.of(Split.TEST, cases));
  }

  @Test
  void evaluate_fileThatNamesItself_needsNoMoreThanFileAndData() throws IOException {
    Run run = evaluate(SHEET.metadata());

    assertThat(run.exit()).as(run.out()).isZero();
    assertThat(run.out())
        .contains("\"status\":\"ok\"", "\"architecture\":\"resnet-gn-tiny\"", "\"n\":8")
        .contains("\"labels\":[\"normal\",\"lesion\"]", "\"auroc\":");
  }

  @Test
  void evaluate_fileThatDoesNotSay_isRefusedWithItsOwnCode() throws IOException {
    Map<String, String> metadata = new HashMap<>(SHEET.metadata());
    metadata.remove("normalisation");

    Run silent = evaluate(metadata);
    Run otherwise = evaluate(metadata, "--normalisation", "image");

    assertThat(silent.exit()).isEqualTo(1);
    assertThat(silent.out()).contains("CS-MODEL-002", "have no normalisation");
    assertThat(otherwise.exit()).as(otherwise.out()).isZero();
  }

  @Test
  void evaluate_fileOfOtherOrigin_isJudgedOnTheWordOfTheOptions() throws IOException {
    Run unsaid = evaluate(Map.of());
    Run said = evaluate(Map.of(), "--architecture", "resnet-gn-tiny", "--normalisation", "fixed");
    Run wrong = evaluate(Map.of(), "--architecture", "resnet-gn", "--normalisation", "fixed");

    assertThat(unsaid.out()).contains("CS-MODEL-002", "have no architecture");
    assertThat(said.exit()).as(said.out()).isZero();
    assertThat(wrong.out()).contains("CS-MODEL-002", "tensors");
  }

  private Run evaluate(Map<String, String> metadata, String... options) throws IOException {
    ParameterSource source = Catalogue.require(SHEET.spec()).initial(7);
    float[] values = new float[(int) source.layout().length()];
    source.read(0, values, 0, values.length);
    Path model = folder.resolve("model.safetensors");
    try (SafetensorsWriter out = SafetensorsWriter.create(model, source.layout(), metadata)) {
      out.write(values, 0, values.length);
      var _ = out.finish();
    }
    ArrayList<String> words =
        new ArrayList<>(List.of("model", "evaluate", "--model", model.toString(), "--data"));
    words.addAll(List.of(folder.resolve("data.npz").toString(), "--split", "test", "--json"));
    words.addAll(List.of(options));
    StringWriter text = new StringWriter();
    Console console =
        new Console(
            new PrintWriter(text), new PrintWriter(new StringWriter()), InstantSource.system());
    int exit = SiteMain.run(console, new SecureRandom(), words.toArray(String[]::new));
    return new Run(exit, text.toString());
  }
}
