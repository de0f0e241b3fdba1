package org.consilium.models.data.folder;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.LabelledFindings;
import org.consilium.models.data.MalformedData;
import org.consilium.models.data.folder.CsvTable.Row;
import org.consilium.protocol.Limits;

/**
 * The column {@code labels}: several findings a case, as {@code word|word}. A word that is there is
 * true, one after {@code ?} is not known, every other is not there.
 */
final class FindingCells {
  static final String COLUMN = "labels";
  static final FindingCells NONE = new FindingCells(List.of());

  private final List<String> words;
  private final List<byte[]> rows = new ArrayList<>();

  private FindingCells(List<String> words) {
    this.words = words;
  }

  static FindingCells of(LabelMap map, CsvTable table) throws MalformedData {
    if (map.words().isEmpty()) {
      throw new MalformedData(
          table.file(),
          "findings need a label map",
          "column labels; write the words in order, one a line, into " + LabelMap.FILE);
    }
    if (map.words().stream().anyMatch(word -> word.contains("|") || word.startsWith("?"))) {
      throw new MalformedData(
          table.file(), "a finding's word has | in it or begins with ?", "column labels");
    }
    return new FindingCells(map.words());
  }

  /** Reads one case; returns 1 if any finding is there, else 0. */
  int read(CsvTable table, Row row) throws MalformedData {
    byte[] targets = new byte[words.size()];
    boolean[] named = new boolean[words.size()];
    String cell = table.cell(row, COLUMN);
    int any = 0;
    for (String part : cell.isEmpty() ? new String[0] : cell.split("\\|", -1)) {
      String text = part.strip();
      boolean unknown = text.startsWith("?");
      String word = unknown ? text.substring(1).strip() : text;
      int place = words.indexOf(word);
      if (place < 0) {
        throw table.refusal(
            row,
            "finding outside the map",
            "\"%s\"; known are %s".formatted(Limits.printable(word), words));
      }
      if (named[place]) {
        throw table.refusal(row, "finding given twice", "\"%s\"".formatted(Limits.printable(word)));
      }
      named[place] = true;
      targets[place] = (byte) (unknown ? LabelledFindings.UNKNOWN : 1);
      any |= unknown ? 0 : 1;
    }
    rows.add(targets);
    return any;
  }

  /** The images with their findings; nothing without the column. */
  Optional<LabelledFindings> findings(ImageSet images, int[] places) {
    if (words.isEmpty()) {
      return Optional.empty();
    }
    byte[] targets = new byte[places.length * words.size()];
    for (int i = 0; i < places.length; i++) {
      System.arraycopy(rows.get(places[i]), 0, targets, i * words.size(), words.size());
    }
    return Optional.of(LabelledFindings.of(images, words.size(), targets));
  }
}
