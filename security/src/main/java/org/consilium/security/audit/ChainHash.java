package org.consilium.security.audit;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * The link of a hash chain: {@code SHA-256(0x00 ‖ entry ‖ previous)}. For a chain kept elsewhere
 * than in a {@link ChainedLog}, such as a table written in the same transaction as what it records.
 */
public final class ChainHash {
  /** Length of a hash. */
  public static final int BYTES = 32;

  private ChainHash() {}

  /** What the first entry follows: 32 zero bytes. */
  public static byte[] origin() {
    return new byte[BYTES];
  }

  /**
   * The hash of an entry that follows {@code previous}.
   *
   * @param previous 32 bytes
   * @param entry its canonical bytes
   */
  public static byte[] next(byte[] previous, byte[] entry) {
    if (previous.length != BYTES) {
      throw new IllegalArgumentException(
          "chain hash: previous hash of %d bytes, not 32".formatted(previous.length));
    }
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      sha.update((byte) 0);
      sha.update(entry);
      return sha.digest(previous);
    } catch (NoSuchAlgorithmException absent) {
      throw new IllegalStateException("every JDK has SHA-256", absent);
    }
  }
}
