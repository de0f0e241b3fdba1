package org.consilium.models.params;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.consilium.models.params.MalformedSafetensors.Reason;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Expected answers: the vector folder's own list, written from the format's text. */
@Tag("vectors")
final class SafetensorsVectorsTest {
  /** Legal for the format, but no model of ours: what opening such a file may answer. */
  private static final Set<Reason> NO_MODEL =
      Set.of(
          Reason.NO_PARAMETERS,
          Reason.UNSUPPORTED_DTYPE,
          Reason.UNSUPPORTED_NAME,
          Reason.UNSUPPORTED_SHAPE);

  @Test
  void badInput_40_headerOfEveryListedFile_isAnsweredAsListed() throws Exception {
    Path folder = folder("malformed_safetensors");
    JsonObject cases =
        JsonParser.parseString(
                Files.readString(folder.resolve("expected.json"), StandardCharsets.UTF_8))
            .getAsJsonObject()
            .getAsJsonObject("cases");
    List<String> wrong = new ArrayList<>();
    for (String name : cases.keySet()) {
      String expected = cases.getAsJsonObject(name).get("expect").getAsString();
      String reason = cases.getAsJsonObject(name).get("reason").getAsString();
      Throwable header = catchThrowable(() -> readHeader(folder.resolve(name + ".safetensors")));
      Throwable model =
          catchThrowable(() -> SafetensorsFile.open(folder.resolve(name + ".safetensors")).close());
      if (!fits(expected, reason, header)
          || !(fits(expected, "", model) || noModel(expected, model))) {
        wrong.add("%s: expected %s %s, got %s".formatted(name, expected, reason, header));
      }
    }
    assertThat(wrong).isEmpty();
    assertThat(cases.size()).isPositive();
  }

  private static boolean noModel(String expected, Throwable thrown) {
    return expected.equals("accept")
        && thrown instanceof MalformedSafetensors refused
        && NO_MODEL.contains(refused.reason());
  }

  private static boolean fits(String expected, String reason, Throwable thrown) {
    return switch (expected) {
      case "accept" -> thrown == null;
      case "either" -> thrown == null || thrown instanceof MalformedSafetensors;
      default ->
          thrown instanceof MalformedSafetensors refused
              && (reason.isEmpty()
                  || refused.reason().name().toLowerCase(Locale.ROOT).equals(reason));
    };
  }

  @Test
  void halfPrecision_ofEveryValue_widensExactly() throws Exception {
    for (String name : List.of("bf16", "fp16")) {
      try (SafetensorsFile half =
              SafetensorsFile.open(folder("half_precision").resolve(name + ".safetensors"));
          SafetensorsFile full =
              SafetensorsFile.open(
                  folder("half_precision").resolve(name + "_as_f32.safetensors"))) {
        assertThat(half.layout()).isEqualTo(full.layout());
        int length = (int) half.layout().length();
        float[] ours = new float[length];
        float[] theirs = new float[length];
        half.read(0, ours, 0, length);
        full.read(0, theirs, 0, length);
        for (int i = 0; i < length; i++) {
          assertThat(Float.floatToRawIntBits(ours[i]))
              .isEqualTo(Float.floatToRawIntBits(theirs[i]));
        }
        assertThat(half.dtype(0)).isNotEqualTo(full.dtype(0));
      }
    }
  }

  @Test
  void mixedTypes_withOneThatIsNotRead_areRefusedByName() throws Exception {
    Path file = folder("half_precision").resolve("mixed_dtypes.safetensors");
    assertThat(readHeader(file).tensors()).isNotEmpty();
    Throwable refused = catchThrowable(() -> SafetensorsFile.open(file).close());
    assertThat(refused).isInstanceOf(MalformedSafetensors.class);
    assertThat(((MalformedSafetensors) refused).reason()).isEqualTo(Reason.UNSUPPORTED_DTYPE);
  }

  private static SafetensorsHeader readHeader(Path file) throws IOException {
    return SafetensorsFileTest.header(Files.readAllBytes(file));
  }

  private static Path folder(String name) throws URISyntaxException {
    String root = System.getProperty("consilium.vectors", "");
    return root.isEmpty()
        ? Path.of(SafetensorsVectorsTest.class.getResource("/vectors/models/" + name).toURI())
        : Path.of(root, "models", name);
  }
}
