package org.consilium.sim.structure;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The page of bad inputs names the tests that exist, and no number is without one. */
final class BadInputsTest {
  private static final Path ROOT =
      Path.of(System.getProperty("consilium.root", "..")).toAbsolutePath().normalize();

  @Test
  void page_ofAllBadInputs_isThatOfTheSources() throws Exception {
    Process program =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Droot=" + ROOT,
                ROOT.resolve("config/BadInputTable.java").toString(),
                "--check")
            .redirectErrorStream(true)
            .start();
    String said = new String(program.getInputStream().readAllBytes(), UTF_8);

    assertThat(program.waitFor()).as(said).isZero();
    assertThat(said).isEmpty();
  }
}
