package org.consilium.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * The oldest versions without known holes, against the class path as it was resolved. The build's
 * own rule sees coordinates, PyTorch's too; this test also sees the Netty that grpc-netty-shaded
 * hides.
 */
final class DependencyFloorTest {
  private static final Pattern JAR =
      Pattern.compile("([a-z0-9-]+?)-(\\d[\\w.]*)(?:-[\\w.-]+)?\\.jar");
  private static final String SHADED = "META-INF/io.grpc.netty.shaded.io.netty.versions.properties";

  /** Prefix of the artifact's name, and the oldest version that is allowed. */
  private static final Map<String, String> FLOORS =
      new TreeMap<>(
          Map.of(
              "grpc-", "1.85.0",
              "netty-", "4.2.17",
              "protobuf-java", "4.28.2",
              "bcp", "1.87"));

  @Test
  void classPath_everyFloor_isKept() {
    Map<String, String> found = new TreeMap<>();
    for (File jar : jars()) {
      Matcher name = JAR.matcher(jar.getName());
      if (name.matches()) {
        FLOORS.keySet().stream()
            .filter(name.group(1)::startsWith)
            .forEach(_ -> found.put(name.group(1), name.group(2)));
      }
    }

    assertThat(found).containsKeys("grpc-core", "protobuf-java", "bcprov-jdk18on", "netty-handler");
    found.forEach(
        (artifact, version) ->
            FLOORS.forEach(
                (prefix, floor) -> {
                  if (artifact.startsWith(prefix)) {
                    assertThat(atLeast(version, floor))
                        .as("%s %s, at least %s", artifact, version, floor)
                        .isTrue();
                  }
                }));
  }

  @Test
  void nettyInsideGrpc_isNotBelowTheFloorEither() throws IOException {
    File shaded =
        jars().stream()
            .filter(f -> f.getName().startsWith("grpc-netty-shaded-"))
            .findFirst()
            .orElseThrow();
    Properties versions = new Properties();
    try (JarFile jar = new JarFile(shaded);
        InputStream in = jar.getInputStream(jar.getJarEntry(SHADED))) {
      versions.load(in);
    }

    String version = versions.getProperty("netty-common.version");
    assertThat(atLeast(version, "4.2.17")).as(version).isTrue();
  }

  @Test
  void comparison_ofVersions_isByNumbers() {
    assertThat(atLeast("4.2.17.Final", "4.2.17")).isTrue();
    assertThat(atLeast("4.2.9.Final", "4.2.17")).isFalse();
    assertThat(atLeast("1.9", "1.87")).isFalse();
    assertThat(atLeast("2.0", "1.87")).isTrue();
    assertThat(atLeast("2.5.1", "2.5.2")).isFalse();
  }

  private static List<File> jars() {
    return Pattern.compile(File.pathSeparator, Pattern.LITERAL)
        .splitAsStream(System.getProperty("java.class.path"))
        .filter(p -> p.endsWith(".jar"))
        .map(File::new)
        .toList();
  }

  private static boolean atLeast(String version, String floor) {
    int[] left = numbers(version);
    int[] right = numbers(floor);
    return java.util.Arrays.compare(left, right) >= 0;
  }

  private static int[] numbers(String version) {
    return Pattern.compile("\\d+")
        .matcher(version)
        .results()
        .mapToInt(r -> Integer.parseInt(r.group()))
        .toArray();
  }
}
