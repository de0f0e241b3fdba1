package org.consilium.security.witness;

import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.consilium.security.audit.MerkleTree.Head;
import org.consilium.security.identity.Fingerprint;

/**
 * What a log's keeper commits to: at this time the log had this size and this root. Its bytes are
 * plain text, so that two people can read them to one another.
 *
 * @param federation trust domain of the consortium
 * @param head size and root of the Merkle tree over all entries
 * @param time by the keeper's clock; says nothing about order
 */
public record Checkpoint(String federation, Head head, Instant time) {
  /** What the keeper's signature is for. */
  public static final String LABEL = "consilium/v1/checkpoint";

  /** Longest encoding that is read. */
  static final int BYTES_MAX = 1024;

  private static final Pattern FORM =
      Pattern.compile(
          """
          consilium audit checkpoint 1
          federation ([a-z0-9.-]{1,253})
          size (0|[1-9][0-9]{0,17})
          root ([0-9a-f]{64})
          time ([0-9TZ:.+-]{1,40})
          """);

  /** The one encoding that is signed. */
  public byte[] bytes() {
    return """
    consilium audit checkpoint 1
    federation %s
    size %d
    root %s
    time %s
    """
        .formatted(federation, head.size(), head.root(), time)
        .getBytes(StandardCharsets.US_ASCII);
  }

  /**
   * Reads {@link #bytes}; refuses every other encoding of the same.
   *
   * @throws CheckpointRefused MALFORMED
   */
  public static Checkpoint parse(byte[] bytes) throws CheckpointRefused {
    if (bytes.length <= BYTES_MAX) {
      Matcher form = FORM.matcher(new String(bytes, StandardCharsets.ISO_8859_1));
      if (form.matches()) {
        try {
          Checkpoint read =
              new Checkpoint(
                  form.group(1),
                  new Head(Long.parseLong(form.group(2)), Fingerprint.parse(form.group(3))),
                  Instant.parse(form.group(4)));
          if (java.util.Arrays.equals(read.bytes(), bytes)) {
            return read;
          }
        } catch (DateTimeException | IllegalArgumentException illegal) {
          throw new CheckpointRefused(
              CheckpointRefused.Why.MALFORMED, String.valueOf(illegal.getMessage()));
        }
      }
    }
    throw new CheckpointRefused(
        CheckpointRefused.Why.MALFORMED,
        "%d bytes that are no checkpoint of this version".formatted(bytes.length));
  }

  /** For people: size, the root's first digits, time. */
  @Override
  public String toString() {
    return "checkpoint of %d entries, root %s, %s"
        .formatted(head.size(), head.root().hex().substring(0, 16), time);
  }
}
