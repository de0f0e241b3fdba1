package org.consilium.models.engine.reference;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.consilium.models.engine.EngineSettings;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** Expected numbers: timm, the authors' UniRepLKNet and MONAI, recorded with weights and inputs. */
@Tag("vectors")
final class ConvReferenceTest {
  @TestFactory
  List<DynamicTest> everyFolder_ranOnItsInputs_agreesWithItsReference() throws Exception {
    String elsewhere = System.getProperty("consilium.vectors", "");
    Path root =
        elsewhere.isEmpty()
            ? Path.of(ConvReferenceTest.class.getResource("/vectors/models").toURI())
            : Path.of(elsewhere, "models");
    try (Stream<Path> folders = Files.list(root)) {
      return folders
          .filter(folder -> folder.getFileName().toString().matches("(convnext|unirep|monai).*"))
          .sorted()
          .map(
              folder ->
                  DynamicTest.dynamicTest(
                      folder.getFileName().toString(), () -> requireAgreement(folder)))
          .toList();
    }
  }

  private static void requireAgreement(Path folder) throws IOException {
    List<Comparison> compared = ReferenceFolder.verify(folder, EngineSettings.reproducible());

    assertThat(compared).isNotEmpty();
    assertThat(compared.stream().filter(each -> !each.passed())).isEmpty();
  }
}
