package org.consilium.security.audit;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;

/**
 * One line of a chained log: the entry's canonical JSON object, with the two hashes set in before
 * its closing brace.
 *
 * @param entry the object without the hashes: the bytes that are hashed
 */
@SuppressWarnings("ArrayRecordComponent") // passed through, never compared as a whole
record Line(long seq, byte[] entry, byte[] previous, byte[] hash) {
  private static final String SEQ = "{\"seq\":";
  private static final String PREVIOUS = ",\"prev\":\"";
  private static final String HASH = "\",\"hash\":\"";
  private static final String END = "\"}";
  private static final int HEX = 2 * ChainHash.BYTES;
  private static final int TAIL = PREVIOUS.length() + HEX + HASH.length() + HEX + END.length();

  static Line following(long seq, byte[] entry, byte[] previous) {
    return new Line(seq, entry, previous, ChainHash.next(previous, entry));
  }

  /** Without the line feed. */
  String text() {
    String object = new String(entry, StandardCharsets.UTF_8);
    return object.substring(0, object.length() - 1)
        + PREVIOUS
        + HexFormat.of().formatHex(previous)
        + HASH
        + HexFormat.of().formatHex(hash)
        + END;
  }

  /** Reads a line's frame; empty if it is not one. The hashes are not yet compared. */
  static Optional<Line> read(byte[] bytes) {
    String line = new String(bytes, StandardCharsets.UTF_8);
    int cut = line.length() - TAIL;
    if (cut < SEQ.length() || !line.startsWith(SEQ) || !Arrays.equals(utf8(line), bytes)) {
      return Optional.empty();
    }
    String tail = line.substring(cut);
    int previousAt = PREVIOUS.length();
    int hashAt = previousAt + HEX + HASH.length();
    if (!tail.startsWith(PREVIOUS)
        || !tail.startsWith(HASH, previousAt + HEX)
        || !tail.endsWith(END)) {
      return Optional.empty();
    }
    int comma = line.indexOf(',');
    String seq = line.substring(SEQ.length(), comma);
    String previous = tail.substring(previousAt, previousAt + HEX);
    String hash = tail.substring(hashAt, hashAt + HEX);
    if (!seq.matches("0|[1-9][0-9]{0,17}") || !hex(previous) || !hex(hash)) {
      return Optional.empty();
    }
    return Optional.of(
        new Line(
            Long.parseLong(seq),
            utf8(line.substring(0, cut) + "}"),
            HexFormat.of().parseHex(previous),
            HexFormat.of().parseHex(hash)));
  }

  /** Whether the hash is that of the entry and the previous hash. */
  boolean intact() {
    return Arrays.equals(hash, ChainHash.next(previous, entry));
  }

  private static boolean hex(String text) {
    return text.matches("[0-9a-f]{64}");
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
