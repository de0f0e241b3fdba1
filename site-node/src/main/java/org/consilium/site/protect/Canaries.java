package org.consilium.site.protect;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Words that must never leave: those that the hospital plants among its data and lists in {@code
 * canaries.txt}, and what looks like a patient's name, number or image in any text.
 */
public final class Canaries {
  private static final int CHARS_MIN = 4;
  private static final int LINES_MAX = 1000;
  private static final int FILE_BYTES_MAX = 1 << 16;

  /** DICOM names and UIDs, and names of fields that hold a patient's identity. */
  private static final List<Pattern> LIKE_PATIENTS =
      List.of(
          Pattern.compile("[A-Za-z]{2,}\\^[A-Za-z]{2,}"),
          Pattern.compile("\\b[0-2](\\.[0-9]{1,39}){6,}"),
          Pattern.compile("(?i)patient.?(name|id)\\b|\\bmrn\\b|record.?number"));

  private final List<String> planted;

  private Canaries(List<String> planted) {
    this.planted = planted;
  }

  /** Only what looks like a patient. */
  public static Canaries none() {
    return new Canaries(List.of());
  }

  /**
   * Also the lines of a file, which need not exist: one word a line, {@code #} begins a comment.
   *
   * @throws IOException if it cannot be read, or a line is too short to be searched for
   */
  public static Canaries of(Path file) throws IOException {
    if (!Files.exists(file)) {
      return none();
    }
    if (Files.size(file) > FILE_BYTES_MAX) {
      throw new IOException("read canaries: over %d bytes".formatted(FILE_BYTES_MAX));
    }
    List<String> words = new ArrayList<>();
    List<String> lines = Files.readAllLines(file);
    for (int i = 0; i < lines.size(); i++) {
      String word = lines.get(i).strip();
      if (word.isEmpty() || word.startsWith("#")) {
        continue;
      }
      if (word.length() < CHARS_MIN || words.size() >= LINES_MAX) {
        throw new IOException(
            "read canaries: line %d: words have at least %d characters, at most %d are read"
                .formatted(i + 1, CHARS_MIN, LINES_MAX));
      }
      words.add(bytes(word));
    }
    return new Canaries(List.copyOf(words));
  }

  /** Which rule finds something in a message; never what it found. */
  Optional<String> find(byte[] searched, List<String> texts) {
    String whole = bytes(new String(searched, StandardCharsets.ISO_8859_1));
    for (int i = 0; i < planted.size(); i++) {
      if (whole.contains(planted.get(i))) {
        return Optional.of("word %d of canaries.txt".formatted(i + 1));
      }
    }
    for (Pattern pattern : LIKE_PATIENTS) {
      if (texts.stream().anyMatch(text -> pattern.matcher(text).find())) {
        return Optional.of("a text that looks like a patient's");
      }
    }
    return Optional.empty();
  }

  /** A line of a log or an error without such words. */
  public String scrub(String line) {
    String clean = line;
    for (String word : planted) {
      String text = new String(word.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
      clean =
          Pattern.compile(Pattern.quote(text), Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE)
              .matcher(clean)
              .replaceAll("[removed]");
    }
    for (Pattern pattern : LIKE_PATIENTS) {
      clean = pattern.matcher(clean).replaceAll("[removed]");
    }
    return clean;
  }

  /** Lower case, and every byte of UTF-8 as one character, so that any bytes can be searched. */
  private static String bytes(String text) {
    String lower = text.toLowerCase(Locale.ROOT);
    return text.chars().allMatch(c -> c < 256)
        ? lower
        : new String(lower.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
  }
}
