package org.consilium.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The launcher script in a folder of its own, with stand-ins for Maven and the JDK. */
final class LauncherTest {
  private static final Path ROOT =
      Path.of(System.getProperty("consilium.root", "..")).toAbsolutePath().normalize();
  private static final String MAVEN =
      """
      #!/usr/bin/env bash
      echo begin >> built
      sleep 1
      for module in coordinator site-node simulator bench; do mkdir -p $module/target; done
      echo end >> built
      """;

  @TempDir Path folder;

  @Test
  void build_twoCommandsAtOnce_buildOnceAndOneWaits() throws Exception {
    Assumptions.assumeTrue(
        Files.isExecutable(Path.of("/usr/bin/flock")), "SKIP: no flock of util-linux here");
    prepare();

    Process first = build("first.log");
    Process second = build("second.log");

    for (Process one : List.of(first, second)) {
      assertThat(one.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(one.exitValue()).isZero();
    }
    assertThat(folder.resolve("built")).hasContent("begin\nend\n");
    String said =
        Files.readString(folder.resolve("first.log"))
            + Files.readString(folder.resolve("second.log"));
    assertThat(said).containsOnlyOnce("building bench").contains("waiting for another command");
  }

  private void prepare() throws IOException {
    Files.copy(ROOT.resolve("consilium"), folder.resolve("consilium"));
    Files.writeString(folder.resolve("pom.xml"), "<project/>");
    executable(folder.resolve("mvnw"), MAVEN);
    Path jdk = Files.createDirectories(folder.resolve("jdk"));
    Files.writeString(jdk.resolve("release"), "JAVA_VERSION=\"25\"\n");
    Files.createDirectories(jdk.resolve("bin"));
    executable(jdk.resolve("bin/java"), "");
    executable(jdk.resolve("bin/javac"), "");
  }

  private static void executable(Path file, String text) throws IOException {
    Files.writeString(file, text);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private Process build(String log) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder("bash", folder.resolve("consilium").toString(), "build")
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve(log).toFile());
    String _ = builder.environment().put("JAVA_HOME", folder.resolve("jdk").toString());
    return builder.start();
  }
}
