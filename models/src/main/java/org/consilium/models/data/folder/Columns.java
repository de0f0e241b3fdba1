package org.consilium.models.data.folder;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.consilium.models.data.LabelledTexts;
import org.consilium.models.data.MalformedData;
import org.consilium.models.data.Split;
import org.consilium.models.data.folder.CsvTable.Row;
import org.consilium.protocol.Limits;

/** What the columns of a table mean: checked names, splits, patients, strata. */
final class Columns {
  private static final String STRATUM = "stratum";
  private static final String TEXT = "text";

  private final CsvTable table;
  private final List<String> strata;

  private Columns(CsvTable table, List<String> strata) {
    this.table = table;
    this.strata = strata;
  }

  /** All columns must be known, or begin with {@code stratum}; {@code first} must be there. */
  static Columns strict(CsvTable table, List<String> required, Set<String> strata)
      throws MalformedData {
    Set<String> known = new HashSet<>(required);
    known.addAll(List.of("patient", "split", TEXT));
    List<String> kept = new ArrayList<>();
    for (String column : table.columns()) {
      if (known.contains(column)) {
        continue;
      }
      if (!strata.contains(column) && !column.startsWith(STRATUM)) {
        throw new MalformedData(
            table.file(),
            "unknown column",
            "line 1, \"%s\"; known are %s, patient, split, text, stratum..."
                .formatted(Limits.printable(column), String.join(", ", required)));
      }
      kept.add(column);
    }
    require(table, required);
    return new Columns(table, kept);
  }

  /** Further columns are all kept as strata: none of them can be taken for a label. */
  static Columns open(CsvTable table, List<String> required) throws MalformedData {
    require(table, required);
    Set<String> known = new HashSet<>(required);
    known.addAll(List.of("patient", "split", TEXT));
    return new Columns(table, table.columns().stream().filter(c -> !known.contains(c)).toList());
  }

  private static void require(CsvTable table, List<String> required) throws MalformedData {
    for (String column : required) {
      if (!table.has(column)) {
        throw new MalformedData(
            table.file(),
            "column is missing",
            "line 1, \"%s\"; the table has %s"
                .formatted(column, table.columns().stream().map(Limits::printable).toList()));
      }
    }
  }

  CaseFacts facts(Row row, String name) throws MalformedData {
    String patient = name;
    if (table.has("patient")) {
      patient = table.cell(row, "patient");
      if (patient.isEmpty()) {
        throw table.refusal(row, "case without a patient", "column patient is empty");
      }
    }
    Map<String, String> values = new HashMap<>();
    for (String column : strata) {
      values.put(column, table.cell(row, column));
    }
    return new CaseFacts(row.number(), name, patient, values, text(row));
  }

  /** The row's report; messages tell its length alone. */
  private Optional<String> text(Row row) throws MalformedData {
    if (!table.has(TEXT)) {
      return Optional.empty();
    }
    String text = table.cell(row, TEXT);
    if (text.isBlank()) {
      throw table.refusal(row, "text is empty", "column text");
    }
    int bytes = text.getBytes(StandardCharsets.UTF_8).length;
    if (bytes > LabelledTexts.BYTES_MAX) {
      throw table.refusal(
          row, "text too long", "%d bytes, at most %d".formatted(bytes, LabelledTexts.BYTES_MAX));
    }
    return Optional.of(text);
  }

  /** The split of a row; nothing when the table has no such column. */
  Optional<Split> split(Row row) throws MalformedData {
    if (!table.has("split")) {
      return Optional.empty();
    }
    String word = table.cell(row, "split");
    for (Split split : Split.values()) {
      if (split.key().equals(word)) {
        return Optional.of(split);
      }
    }
    throw table.refusal(
        row, "split must be train, val or test", "\"%s\"".formatted(Limits.printable(word)));
  }

  /** No patient may be in two splits. */
  void checkPatients(List<CaseFacts> facts, List<Split> splits) throws MalformedData {
    Map<String, Integer> first = new HashMap<>();
    for (int i = 0; i < facts.size(); i++) {
      int before = first.getOrDefault(facts.get(i).patient(), i);
      if (splits.get(before) != splits.get(i)) {
        throw new MalformedData(
            table.file(),
            "one patient in two splits",
            "line %d is %s, line %d is %s"
                .formatted(
                    facts.get(before).line(),
                    splits.get(before).key(),
                    facts.get(i).line(),
                    splits.get(i).key()));
      }
      first.putIfAbsent(facts.get(i).patient(), i);
    }
  }
}
