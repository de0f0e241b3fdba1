package org.consilium.site.ledger.privacy;

import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.consilium.security.keyfile.KeyFile;

/**
 * A monotonic counter beside a ledger: how many entries it had when it was last written, and the
 * hash of the last. A ledger that was put back from a backup is shorter than that, or has other
 * entries there. Best kept on another disk than the ledger, since whoever puts both back together
 * is not seen by it.
 *
 * @param file need not exist
 */
record LedgerWitness(Path file) {
  private static final int BYTES_MAX = 4096;
  private static final Pattern HASH = Pattern.compile("\"hash\":\"([0-9a-f]{64})\"");

  /** What was seen last. */
  private record Seen(long entries, String head) {}

  /**
   * What is wrong with a ledger whose chain is intact.
   *
   * @param ledger need not exist
   */
  Optional<String> objection(Path ledger) throws IOException {
    List<String> lines = Files.exists(ledger) ? Files.readAllLines(ledger) : List.of();
    Optional<Seen> seen = read();
    if (seen.isEmpty()) {
      return lines.isEmpty()
          ? Optional.empty()
          : Optional.of("its counter %s is missing".formatted(file.getFileName()));
    }
    return objection(lines, seen.get());
  }

  /** Whether a ledger has had an entry with this hash as its {@code entries}th. */
  static boolean reaches(Path ledger, long entries, String head) throws IOException {
    List<String> lines = Files.exists(ledger) ? Files.readAllLines(ledger) : List.of();
    return objection(lines, new Seen(entries, head)).isEmpty();
  }

  private static Optional<String> objection(List<String> lines, Seen seen) {
    long entries = seen.entries();
    // A last line without its end was never an entry: the next opening cuts it off.
    if (lines.size() < entries) {
      return Optional.of(
          "it has %d entries and had %d: it was put back from an older copy"
              .formatted(lines.size(), entries));
    }
    return entries == 0 || hash(lines.get((int) entries - 1)).equals(seen.head())
        ? Optional.empty()
        : Optional.of("its entry %d is not the one it had: it is another copy".formatted(entries));
  }

  /** Notes the ledger's end; on disk when this returns. */
  void note(long entries, String head) throws IOException {
    String text = "entries=%d\nhead=%s\n".formatted(entries, head);
    KeyFile.replace(file, text.getBytes(StandardCharsets.UTF_8));
  }

  private Optional<Seen> read() throws IOException {
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    Properties lines = new Properties();
    lines.load(new StringReader(new String(KeyFile.read(file, BYTES_MAX), StandardCharsets.UTF_8)));
    try {
      return Optional.of(
          new Seen(
              Integer.parseInt(lines.getProperty("entries", "")), lines.getProperty("head", "")));
    } catch (NumberFormatException damaged) {
      throw new IOException("read %s: it is damaged".formatted(file.getFileName()), damaged);
    }
  }

  private static String hash(String line) {
    Matcher found = HASH.matcher(line);
    return found.find() ? found.group(1) : "";
  }
}
