package org.consilium.sim.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.consilium.sim.chart.Markup;

/** An HTML table, row by row; every cell is escaped. Numbers stand right. */
final class Table {
  private final List<String> heads;
  private final StringBuilder rows = new StringBuilder();

  Table(String... heads) {
    this.heads = List.of(heads);
  }

  /** Adds a row; {@code null}-free, one cell a head. */
  Table row(Object... cells) {
    if (cells.length != heads.size()) {
      throw new IllegalArgumentException(
          "table row: %d cells under %d heads".formatted(cells.length, heads.size()));
    }
    rows.append("<tr>");
    for (Object cell : cells) {
      String text = cell instanceof Double d ? number(d) : String.valueOf(cell);
      String style =
          cell instanceof Number || text.matches("[0-9.,]+( .{1,12})?")
              ? " class=\"number\""
              : text.length() > 44 ? " class=\"wide\"" : "";
      rows.append("<td").append(style).append('>').append(Markup.escape(text)).append("</td>");
    }
    rows.append("</tr>\n");
    return this;
  }

  /** The table, shown. */
  String open() {
    List<String> head = new ArrayList<>();
    for (String word : heads) {
      head.add("<th scope=\"col\">" + Markup.escape(word) + "</th>");
    }
    return "<div class=\"scroll\"><table><thead><tr>%s</tr></thead><tbody>\n%s</tbody></table></div>\n"
        .formatted(String.join("", head), rows);
  }

  /** The table, folded under {@code summary}. */
  String folded(String summary) {
    return "<details><summary>%s</summary>%s</details>\n".formatted(Markup.escape(summary), open());
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.3f", value);
  }
}
