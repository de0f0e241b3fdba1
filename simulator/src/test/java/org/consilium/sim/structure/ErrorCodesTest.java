package org.consilium.sim.structure;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Every code that a program can print is explained, and nothing is explained that none prints. */
final class ErrorCodesTest {
  private static final Path ROOT =
      Path.of(System.getProperty("consilium.root", "..")).toAbsolutePath().normalize();

  @Test
  void codes_ofAllSources_areThoseOfThePage() throws IOException {
    Set<String> printed = new TreeSet<>();
    for (Path source : sources()) {
      find("\"(CS-[A-Z]+-\\d{3})\"", Files.readString(source), printed);
    }
    Set<String> explained = new TreeSet<>();
    find(
        "<a id=\"(CS-[A-Z]+-\\d{3})\">",
        Files.readString(ROOT.resolve("docs/reference/errors.md")), explained);

    assertThat(printed).hasSizeGreaterThan(30).isEqualTo(explained);
  }

  private static List<Path> sources() throws IOException {
    try (Stream<Path> files = Files.walk(ROOT)) {
      return files
          .filter(f -> f.toString().contains("/src/main/java/") && f.toString().endsWith(".java"))
          .toList();
    }
  }

  private static void find(String pattern, String text, Set<String> into) {
    Pattern.compile(pattern).matcher(text).results().forEach(r -> into.add(r.group(1)));
  }
}
