package org.consilium.site.ledger.digest;

import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.consilium.site.ledger.LedgerLine;

/**
 * A stretch of the egress ledger, from where the day before ended to the day's last entry, summed
 * by study and kind. Days are those of UTC.
 *
 * @param site whose ledger it is
 * @param day that it ends with
 * @param made when it was made
 * @param first sequence number of its first entry
 * @param last sequence number of its last entry
 * @param head hash of that entry, 64 hexadecimal digits: binds every entry before it
 * @param rows by study, then kind
 */
public record DailyDigest(
    String site, LocalDate day, Instant made, long first, long last, String head, List<Row> rows) {
  private static final String VERSION = "consilium egress digest 1";
  private static final String NO_STUDY = "-";

  /** Copies. */
  public DailyDigest {
    rows = List.copyOf(rows);
  }

  /**
   * How much of one kind.
   *
   * @param study empty when it is about none
   * @param kind as in the ledger; {@code blocked} did not leave
   * @param messages lines of the ledger
   * @param bytes that left
   */
  public record Row(String study, String kind, long messages, long bytes) {
    private String text() {
      return "%s %s %d %d".formatted(study.isEmpty() ? NO_STUDY : study, kind, messages, bytes);
    }

    private static Row parse(String line) {
      String[] parts = line.split(" ", -1);
      if (parts.length != 4) {
        throw new IllegalArgumentException("a row has %d parts, not 4".formatted(parts.length));
      }
      return new Row(
          parts[0].equals(NO_STUDY) ? "" : parts[0],
          parts[1],
          Long.parseLong(parts[2]),
          Long.parseLong(parts[3]));
    }
  }

  /**
   * Sums lines that follow one another.
   *
   * @param lines one or more, in order
   */
  public static DailyDigest of(String site, LocalDate day, Instant made, List<LedgerLine> lines) {
    Map<String, Row> sums = new TreeMap<>();
    for (LedgerLine line : lines) {
      Row one = new Row(line.text("study"), line.kind(), 1, line.bytes());
      sums.merge(
          one.study() + " " + one.kind(),
          one,
          (a, b) ->
              new Row(a.study(), a.kind(), a.messages() + b.messages(), a.bytes() + b.bytes()));
    }
    return new DailyDigest(
        site,
        day,
        made,
        lines.getFirst().seq(),
        lines.getLast().seq(),
        lines.getLast().hash(),
        List.copyOf(sums.values()));
  }

  /** The bytes that are signed: lines of text. */
  public byte[] bytes() {
    StringBuilder text = new StringBuilder(VERSION).append('\n');
    text.append("site ").append(site).append('\n');
    text.append("day ").append(day).append('\n');
    text.append("made ").append(made).append('\n');
    text.append("entries ").append(first).append(' ').append(last).append('\n');
    text.append("head ").append(head).append('\n');
    text.append("study kind messages bytes\n");
    rows.forEach(row -> text.append(row.text()).append('\n'));
    return text.toString().getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Reads {@link #bytes}.
   *
   * @throws IllegalArgumentException if they are none
   */
  public static DailyDigest parse(byte[] bytes) {
    List<String> lines =
        new ArrayList<>(new String(bytes, StandardCharsets.UTF_8).lines().toList());
    if (lines.size() < 7 || !lines.getFirst().equals(VERSION)) {
      throw new IllegalArgumentException("it is no egress digest of this version");
    }
    String[] entries = value(lines.get(4), "entries").split(" ", -1);
    try {
      DailyDigest digest =
          new DailyDigest(
              value(lines.get(1), "site"),
              LocalDate.parse(value(lines.get(2), "day")),
              Instant.parse(value(lines.get(3), "made")),
              Long.parseLong(entries[0]),
              Long.parseLong(entries[entries.length - 1]),
              value(lines.get(5), "head"),
              lines.subList(7, lines.size()).stream().map(Row::parse).toList());
      if (!java.util.Arrays.equals(digest.bytes(), bytes)) {
        throw new IllegalArgumentException("it is not written as a digest is");
      }
      return digest;
    } catch (DateTimeException illegal) {
      throw new IllegalArgumentException("a time in it is none", illegal);
    }
  }

  private static String value(String line, String name) {
    if (!line.startsWith(name + " ")) {
      throw new IllegalArgumentException("it has no line " + name);
    }
    return line.substring(name.length() + 1);
  }
}
