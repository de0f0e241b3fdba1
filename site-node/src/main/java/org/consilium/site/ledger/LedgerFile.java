package org.consilium.site.ledger;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.consilium.security.audit.ChainedLog;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;

/** A ledger on disk, for reading: lines, verification, table. Works while a node has it open. */
public final class LedgerFile {
  private static final List<String> COLUMNS =
      List.of("study", "round", "bytes", "sha256", "readers", "norm");

  private LedgerFile() {}

  /** Whether every line is intact and bound to the one before it. */
  public static ChainedLog.Verification verify(Path file) throws IOException {
    return ChainedLog.verify(file);
  }

  /** All lines that can be read, in order; a torn last line is left out. */
  public static List<LedgerLine> read(Path file) throws IOException {
    // JSON is a subset of what this reader takes; the safe constructor makes plain maps only.
    Yaml json = new Yaml(new SafeConstructor(new LoaderOptions()));
    List<LedgerLine> lines = new ArrayList<>();
    for (String text : Files.readAllLines(file)) {
      if (text.endsWith("}")) {
        lines.add(line(json, text, lines.size()));
      }
    }
    return lines;
  }

  /** The lines as comma-separated values, header first; a leading =, +, - or @ is made harmless. */
  public static String csv(List<LedgerLine> lines) {
    StringBuilder out = new StringBuilder("seq,time,kind," + String.join(",", COLUMNS) + "\n");
    for (LedgerLine line : lines) {
      out.append(line.seq()).append(',').append(line.time()).append(',').append(cell(line.kind()));
      for (String column : COLUMNS) {
        out.append(',').append(cell(line.text(column)));
      }
      out.append('\n');
    }
    return out.toString();
  }

  private static LedgerLine line(Yaml json, String text, int index) throws IOException {
    try {
      if (json.load(text) instanceof Map<?, ?> m
          && m.get("seq") instanceof Number seq
          && m.get("kind") instanceof String kind
          && m.get("hash") instanceof String hash
          && m.get("detail") instanceof Map<?, ?> raw) {
        Map<String, Object> detail = new LinkedHashMap<>();
        raw.forEach((key, value) -> detail.put(String.valueOf(key), String.valueOf(value)));
        raw.forEach(
            (key, value) -> {
              if (value instanceof Number) {
                detail.put(String.valueOf(key), value);
              }
            });
        Instant time =
            m.get("time") instanceof java.util.Date date
                ? date.toInstant()
                : Instant.parse(String.valueOf(m.get("time")));
        return new LedgerLine(seq.longValue(), time, kind, detail, hash);
      }
    } catch (YAMLException | DateTimeParseException broken) {
      throw new IOException("read ledger: line %d is not readable".formatted(index), broken);
    }
    throw new IOException("read ledger: line %d is not a ledger entry".formatted(index));
  }

  private static String cell(String value) {
    // Tabs, line ends, escape sequences and invisible marks go first: a formula may hide behind
    // them.
    String plain = value.replaceAll("\\x1b\\[[0-9;?]*[ -/]*[@-~]|[\\p{Cntrl}\\p{Cf}]", "");
    String safe = plain.matches("^\\s*[=+@-].*") ? "'" + plain : plain;
    return safe.matches("[A-Za-z0-9 .:'+_-]*") ? safe : '"' + safe.replace("\"", "\"\"") + '"';
  }
}
