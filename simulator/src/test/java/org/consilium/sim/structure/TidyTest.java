package org.consilium.sim.structure;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** House rules on the text of the repository: sizes, package docs, javadoc, links, and words. */
final class TidyTest {
  private static final int FILE_LINES_MAX = 400;
  private static final int METHOD_LINES_MAX = 70;
  private static final long FILE_BYTES_MAX = 256 << 10;
  private static final Path ROOT = root();

  @Test
  void sources_eachFile_staysReadable() throws IOException {
    List<String> problems = new ArrayList<>();
    for (Path source : javaSources("src/main/java")) {
      List<String> lines = Files.readAllLines(source);
      if (lines.size() > FILE_LINES_MAX) {
        problems.add("%s has %d lines".formatted(ROOT.relativize(source), lines.size()));
      }
      longMethods(source, lines, problems);
    }
    assertThat(problems).isEmpty();
  }

  @Test
  void packages_eachOfMain_saysWhatItIs() throws IOException {
    List<String> missing = new ArrayList<>();
    for (Path source : javaSources("src/main/java")) {
      Path description = source.resolveSibling("package-info.java");
      if (!Files.exists(description) || !Files.readString(description).contains("@NullMarked")) {
        missing.add(ROOT.relativize(description).toString());
      }
    }
    assertThat(missing.stream().distinct()).isEmpty();
  }

  @Test
  void publicTypes_eachOfMain_hasJavadoc() throws IOException {
    List<String> bare = new ArrayList<>();
    Pattern type =
        Pattern.compile(
            "^public (?:final |sealed |non-sealed |abstract"
                + " )*(?:class|interface|record|enum|@interface) ");
    for (Path source : javaSources("src/main/java")) {
      List<String> lines = Files.readAllLines(source);
      for (int i = 0; i < lines.size(); i++) {
        if (type.matcher(lines.get(i)).find() && !documented(lines, i)) {
          bare.add("%s:%d".formatted(ROOT.relativize(source), i + 1));
        }
      }
    }
    assertThat(bare).isEmpty();
  }

  @Test
  void documents_eachRelativeLink_resolves() throws IOException {
    Pattern link = Pattern.compile("\\]\\(([^)#\\s]+)(?:#[^)]*)?\\)");
    List<String> broken = new ArrayList<>();
    for (Path document : tracked(".md")) {
      Matcher links = link.matcher(Files.readString(document));
      while (links.find()) {
        String target = links.group(1);
        if (!target.contains("://") && !Files.exists(document.resolveSibling(target))) {
          broken.add(ROOT.relativize(document) + " -> " + target);
        }
      }
    }
    assertThat(broken).isEmpty();
  }

  @Test
  void files_outsideResources_areSmall() throws IOException {
    try (Stream<Path> files = repositoryFiles()) {
      List<String> large =
          files
              .filter(f -> !f.toString().contains("/src/main/resources/"))
              .filter(f -> !f.toString().contains("/src/test/resources/"))
              .filter(f -> size(f) > FILE_BYTES_MAX)
              .map(f -> ROOT.relativize(f).toString())
              .toList();
      assertThat(large).isEmpty();
    }
  }

  @Test
  void unfinishedWork_isNowhereInMain() throws IOException {
    Pattern unfinished = Pattern.compile("\\b(TODO|FIXME|XXX)\\b|@Disabled");
    List<String> found = new ArrayList<>();
    for (Path source : javaSources("src")) {
      if (!source.getFileName().toString().equals("TidyTest.java")
          && unfinished.matcher(Files.readString(source)).find()) {
        found.add(ROOT.relativize(source).toString());
      }
    }
    assertThat(found).isEmpty();
  }

  private static void longMethods(Path source, List<String> lines, List<String> problems) {
    Pattern start =
        Pattern.compile("^  (?! )(?!.*\\b(class|interface|record|enum)\\b).*\\) ?(throws .*)?\\{$");
    int from = -1;
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i);
      if (from < 0 && (start.matcher(line).matches() || line.matches("^      throws .*\\{$"))) {
        from = i;
      } else if (from >= 0 && line.equals("  }")) {
        if (i - from > METHOD_LINES_MAX) {
          problems.add(
              "%s:%d method of %d lines".formatted(ROOT.relativize(source), from + 1, i - from));
        }
        from = -1;
      }
    }
  }

  private static boolean documented(List<String> lines, int declaration) {
    for (int i = declaration - 1; i >= 0; i--) {
      String line = lines.get(i).strip();
      if (line.endsWith("*/")) {
        return true;
      }
      if (line.isEmpty() || line.startsWith("import ")) {
        return false;
      }
    }
    return false;
  }

  private static List<Path> javaSources(String under) throws IOException {
    try (Stream<Path> files = repositoryFiles()) {
      return files
          .filter(f -> f.toString().endsWith(".java") && f.toString().contains("/" + under + "/"))
          .toList();
    }
  }

  private static List<Path> tracked(String ending) throws IOException {
    try (Stream<Path> files = repositoryFiles()) {
      return files.filter(f -> f.toString().endsWith(ending)).toList();
    }
  }

  @SuppressWarnings("StreamResourceLeak") // every caller closes it
  private static Stream<Path> repositoryFiles() throws IOException {
    return Files.walk(ROOT)
        .filter(f -> !f.toString().contains("/target/") && !f.toString().contains("/.git/"))
        .filter(f -> !f.toString().contains("/consilium-demo/"))
        .filter(Files::isRegularFile)
        .sorted();
  }

  private static long size(Path file) {
    try {
      return Files.size(file);
    } catch (IOException unreadable) {
      throw new IllegalStateException("size of " + file, unreadable);
    }
  }

  private static Path root() {
    Path here = Path.of(System.getProperty("consilium.root", "..")).toAbsolutePath().normalize();
    if (!Files.exists(here.resolve("mvnw"))) {
      throw new IllegalStateException(
          "the repository's root is not at %s (%s)".formatted(here, StandardCharsets.UTF_8.name()));
    }
    return here;
  }
}
