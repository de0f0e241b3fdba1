package org.consilium.security.seal;

import java.util.Arrays;
import java.util.Objects;

/**
 * Opens one sealed update, chunks in any order. One thread at a time; {@link #copy} gives another
 * thread its own.
 */
public final class UpdateOpener implements AutoCloseable {
  private final ChunkCipher cipher;

  private UpdateOpener(ChunkCipher cipher) {
    this.cipher = cipher;
  }

  /**
   * Recovers the update's bulk key. A wrong key or context is noticed at the first chunk.
   *
   * @param encapsulation as sent; any length is accepted and a wrong one refused
   * @param context 32 bytes, {@code RoundContext.digest()}
   * @throws SealBroken if the encapsulation is malformed
   */
  public static UpdateOpener open(
      AggregationKey key, byte[] encapsulation, byte[] context, String site, int totalChunks)
      throws SealBroken {
    byte[] info = Suite.info(context);
    byte[] bulk;
    try {
      bulk = key.bulk(encapsulation, info);
    } catch (IllegalArgumentException malformed) {
      throw new SealBroken(
          -1,
          totalChunks,
          site,
          "the encapsulated key (%d bytes) is malformed".formatted(encapsulation.length));
    }
    try {
      return new UpdateOpener(new ChunkCipher(bulk, context, site, totalChunks));
    } finally {
      Arrays.fill(bulk, (byte) 0);
    }
  }

  /**
   * Opens a chunk; nothing of it is returned unless all of it is authentic.
   *
   * @param length of the sealed chunk, tag included
   * @param out receives {@code length − 16} bytes at {@code outOffset}; may not overlap the input
   * @return bytes written
   */
  public int open(int index, byte[] in, int inOffset, int length, byte[] out, int outOffset)
      throws SealBroken {
    Objects.checkFromIndexSize(inOffset, length, in.length);
    if (index < 0 || index >= cipher.total()) {
      throw new SealBroken(index, cipher.total(), cipher.site(), "no such chunk");
    }
    if (length < UpdateSealer.OVERHEAD_BYTES) {
      throw new SealBroken(index, cipher.total(), cipher.site(), "only " + length + " bytes");
    }
    Objects.checkFromIndexSize(outOffset, length - UpdateSealer.OVERHEAD_BYTES, out.length);
    return cipher.open(index, in, inOffset, length, out, outOffset);
  }

  /** Another instance with the same key, for another thread. */
  public UpdateOpener copy() {
    return new UpdateOpener(cipher.copy());
  }

  /** Erases this instance's key. */
  @Override
  public void close() {
    cipher.close();
  }
}
