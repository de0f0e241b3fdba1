package org.consilium.models.data.folder;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.consilium.models.data.MalformedData;
import org.consilium.protocol.Limits;

/** A CSV file with a head line (RFC 4180, UTF-8), read whole within limits. */
final class CsvTable {
  private static final int BYTES_MAX = 64 << 20;
  private static final int COLUMNS_MAX = 64;
  private static final int ROWS_MAX = 1_000_000;
  private static final int FIELD_CHARS_MAX = 4_096;

  private final Path file;
  private final List<String> columns;
  private final List<Row> rows;

  /** One line; {@code number} is where it begins in the file, from 1. */
  record Row(int number, List<String> cells) {}

  private CsvTable(Path file, List<String> columns, List<Row> rows) {
    this.file = file;
    this.columns = columns;
    this.rows = rows;
  }

  static CsvTable read(Path file) throws IOException {
    long bytes = Files.size(file);
    if (bytes > BYTES_MAX) {
      throw new MalformedData(
          file, "table too large", "%d bytes, at most %d".formatted(bytes, BYTES_MAX));
    }
    String text;
    try {
      text =
          StandardCharsets.UTF_8
              .newDecoder()
              .decode(ByteBuffer.wrap(Files.readAllBytes(file)))
              .toString();
    } catch (CharacterCodingException notText) {
      throw new MalformedData(file, "table is not UTF-8 text", "%d bytes".formatted(bytes));
    }
    List<Row> rows = new Parser(file, text.startsWith("\ufeff") ? text.substring(1) : text).rows();
    if (rows.isEmpty()) {
      throw new MalformedData(file, "table has no head line", "%d bytes".formatted(bytes));
    }
    Row head = rows.getFirst();
    List<String> columns =
        head.cells.stream().map(cell -> cell.strip().toLowerCase(Locale.ROOT)).toList();
    Set<String> seen = new HashSet<>();
    for (String column : columns) {
      if (column.isEmpty() || !seen.add(column)) {
        throw new MalformedData(
            file,
            column.isEmpty() ? "a column has no name" : "column occurs twice",
            "line %d, %s".formatted(head.number, columns.stream().map(Limits::printable).toList()));
      }
    }
    for (Row row : rows) {
      if (row.cells.size() != columns.size()) {
        throw new MalformedData(
            file,
            "wrong number of cells",
            "line %d has %d, the head line %d"
                .formatted(row.number, row.cells.size(), columns.size()));
      }
    }
    return new CsvTable(file, columns, List.copyOf(rows.subList(1, rows.size())));
  }

  Path file() {
    return file;
  }

  List<String> columns() {
    return columns;
  }

  List<Row> rows() {
    return rows;
  }

  boolean has(String column) {
    return columns.contains(column);
  }

  /** A cell without blanks around it. */
  String cell(Row row, String column) {
    return row.cells.get(columns.indexOf(column)).strip();
  }

  MalformedData refusal(Row row, String what, String numbers) {
    return new MalformedData(file, what, "line %d, %s".formatted(row.number, numbers));
  }

  /** Walks over the text once, one character at a time. */
  private static final class Parser {
    private final Path file;
    private final String text;
    private final List<Row> rows = new ArrayList<>();
    private final StringBuilder field = new StringBuilder();
    private List<String> cells = new ArrayList<>();
    private int line = 1;
    private int begun = 1;

    Parser(Path file, String text) {
      this.file = file;
      this.text = text;
    }

    List<Row> rows() throws MalformedData {
      boolean quoted = false;
      for (int i = 0; i < text.length(); i++) {
        char c = text.charAt(i);
        if (quoted) {
          if (c != '"') {
            line += c == '\n' ? 1 : 0;
            add(c);
          } else if (i + 1 < text.length() && text.charAt(i + 1) == '"') {
            add(c);
            i++;
          } else {
            quoted = false;
          }
        } else if (c == '"' && field.isEmpty()) {
          quoted = true;
        } else if (c == ',') {
          endCell();
        } else if (c == '\n') {
          endRow();
        } else if (c != '\r') {
          add(c);
        }
      }
      if (quoted) {
        throw new MalformedData(file, "quotation mark never closed", "row of line " + begun);
      }
      endRow();
      return rows;
    }

    private void add(char c) throws MalformedData {
      if (field.length() >= FIELD_CHARS_MAX || c == 0) {
        throw new MalformedData(
            file,
            c == 0 ? "a cell has a NUL character" : "cell too long",
            "line %d, at most %d characters".formatted(line, FIELD_CHARS_MAX));
      }
      field.append(c);
    }

    private void endCell() throws MalformedData {
      if (cells.size() >= COLUMNS_MAX) {
        throw new MalformedData(
            file, "too many columns", "line %d, at most %d".formatted(line, COLUMNS_MAX));
      }
      cells.add(field.toString());
      field.setLength(0);
    }

    private void endRow() throws MalformedData {
      boolean blank = cells.isEmpty() && field.toString().isBlank();
      if (blank) {
        field.setLength(0);
      } else {
        endCell();
        if (rows.size() > ROWS_MAX) {
          throw new MalformedData(file, "too many lines", "at most " + ROWS_MAX);
        }
        rows.add(new Row(begun, List.copyOf(cells)));
        cells = new ArrayList<>();
      }
      line++;
      begun = line;
    }
  }
}
