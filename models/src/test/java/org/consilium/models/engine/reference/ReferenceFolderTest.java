package org.consilium.models.engine.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.consilium.models.engine.EngineSettings;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Expected numbers: independent implementations of each model (timm, open_clip, facebookresearch,
 * MONAI), recorded with their weights and inputs. The system property {@code consilium.vectors}
 * names another root.
 */
@Tag("vectors")
final class ReferenceFolderTest {
  @TestFactory
  List<DynamicTest> everyFolder_ranOnItsInputs_agreesWithItsReference() throws Exception {
    try (Stream<Path> folders = Files.list(root())) {
      List<DynamicTest> tests =
          folders
              .filter(folder -> Files.exists(folder.resolve("config.json")))
              .sorted()
              .map(
                  folder ->
                      DynamicTest.dynamicTest(
                          folder.getFileName().toString(), () -> requireAgreement(folder)))
              .toList();
      assertThat(tests).isNotEmpty();
      return tests;
    }
  }

  private static void requireAgreement(Path folder) throws IOException {
    List<Comparison> compared = ReferenceFolder.verify(folder, EngineSettings.reproducible());

    assertThat(compared).as("%s compares nothing", folder).isNotEmpty();
    assertThat(compared.stream().filter(each -> !each.passed()))
        .as("outputs of %s outside their tolerance", folder.getFileName())
        .isEmpty();
  }

  @Test
  void verify_configurationOfNoModelOfOurs_saysSo(@TempDir Path folder) throws IOException {
    Files.writeString(
        folder.resolve("config.json"), "{\"reference\":\"somebody's\"}", StandardCharsets.UTF_8);

    assertThatThrownBy(() -> ReferenceFolder.verify(folder, EngineSettings.reproducible()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("describes no model that is known here");
  }

  private static Path root() throws URISyntaxException {
    String elsewhere = System.getProperty("consilium.vectors", "");
    return elsewhere.isEmpty()
        ? Path.of(ReferenceFolderTest.class.getResource("/vectors/models").toURI())
        : Path.of(elsewhere, "models");
  }
}
