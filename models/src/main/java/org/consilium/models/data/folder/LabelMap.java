package org.consilium.models.data.folder;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import org.consilium.models.data.MalformedData;
import org.consilium.models.data.folder.CsvTable.Row;
import org.consilium.protocol.Limits;

/**
 * Class words and their numbers. Words are never numbered by what happens to occur: a site without
 * one class would number the others differently.
 *
 * @param words in the order of their numbers; empty when only numbers are used
 */
record LabelMap(List<String> words) {
  static final String FILE = "labels.txt";

  private static final int CLASSES_MAX = 10_000;
  private static final int BYTES_MAX = 1 << 20;

  LabelMap {
    words = List.copyOf(words);
  }

  /** The caller's words, or those of the folder, or none. */
  static LabelMap of(List<String> given, Path root) throws IOException {
    Path file = root.resolve(FILE);
    if (!given.isEmpty() || !Files.isRegularFile(file)) {
      return new LabelMap(given);
    }
    long bytes = Files.size(file);
    if (bytes > BYTES_MAX) {
      throw new MalformedData(
          file, "label map too large", "%d bytes, at most %d".formatted(bytes, BYTES_MAX));
    }
    List<String> words =
        new String(Files.readAllBytes(file), StandardCharsets.UTF_8)
            .lines()
            .map(String::strip)
            .filter(word -> !word.isEmpty())
            .toList();
    if (words.size() < 2 || new HashSet<>(words).size() != words.size()) {
      throw new MalformedData(
          file, "label map needs two or more different words", "%d lines".formatted(words.size()));
    }
    return new LabelMap(words);
  }

  int number(CsvTable table, Row row) throws MalformedData {
    String cell = table.cell(row, "label");
    int place = words.indexOf(cell);
    if (place >= 0) {
      return place;
    }
    OptionalInt number = whole(cell);
    int classes = words.isEmpty() ? CLASSES_MAX : words.size();
    if (number.isPresent() && number.getAsInt() < classes) {
      return number.getAsInt();
    }
    if (words.isEmpty() && number.isEmpty()) {
      throw table.refusal(
          row,
          "label words need a label map",
          "\"%s\"; write the words in order, one a line, into %s"
              .formatted(Limits.printable(cell), FILE));
    }
    throw table.refusal(
        row,
        "label outside the map",
        "\"%s\"; known are %s"
            .formatted(
                Limits.printable(cell),
                words.isEmpty() ? "0-" + (classes - 1) : words + " and 0-" + (classes - 1)));
  }

  private static OptionalInt whole(String cell) {
    return cell.matches("[0-9]{1,6}")
        ? OptionalInt.of(Integer.parseInt(cell))
        : OptionalInt.empty();
  }
}
