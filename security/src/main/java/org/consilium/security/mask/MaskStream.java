package org.consilium.security.mask;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Objects;
import org.consilium.security.stream.Keystream;

/**
 * The mask that a seed stands for: element i is the i-th little-endian u32 (for {@code int[]}, sums
 * modulo 2^32) or u64 (for {@code long[]}, modulo 2^64) of the seed's AES-256-CTR keystream. A seed
 * serves one ring only. Any block can be masked at any time; consecutive blocks cost no seek. One
 * thread at a time; {@link #copy} gives another thread its own.
 */
public final class MaskStream {
  /** Length of a seed. */
  public static final int SEED_BYTES = Keystream.KEY_BYTES;

  private static final int BUFFER_BYTES = 16 * 1024; // half of a first-level cache
  private static final long ELEMENTS_MAX = 1L << 48; // far beyond any vector, no overflow in bytes
  private static final VarHandle U32 =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle U64 =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private final Keystream keystream;
  private final byte[] buffer = new byte[BUFFER_BYTES];

  private MaskStream(Keystream keystream) {
    this.keystream = keystream;
  }

  /**
   * The mask of a seed.
   *
   * @param seed 32 bytes, copied
   */
  public static MaskStream of(byte[] seed) {
    return new MaskStream(Keystream.of(seed));
  }

  /** The same mask, for another thread. */
  public MaskStream copy() {
    return new MaskStream(keystream.copy());
  }

  /**
   * Adds the mask to a block in place, modulo 2^32.
   *
   * @param block changed from {@code offset} on, {@code length} elements
   * @param first the place of the block's first element in the whole vector, 0 to 2^48
   */
  public void add(int[] block, int offset, int length, long first) {
    apply(block, offset, length, first, 0);
  }

  /** Takes the mask off a block again, modulo 2^32. */
  public void subtract(int[] block, int offset, int length, long first) {
    apply(block, offset, length, first, -1);
  }

  /** Adds the mask to a block in place, modulo 2^64. */
  public void add(long[] block, int offset, int length, long first) {
    apply(block, offset, length, first, 0L);
  }

  /** Takes the mask off a block again, modulo 2^64. */
  public void subtract(long[] block, int offset, int length, long first) {
    apply(block, offset, length, first, -1L);
  }

  /** With sign 0 adds, with sign −1 subtracts: (word ^ −1) − (−1) = −word. */
  private void apply(int[] block, int offset, int length, long first, int sign) {
    Objects.checkFromIndexSize(offset, length, block.length);
    seek(first, Integer.BYTES);
    int done = 0;
    while (done < length) {
      int now = Math.min(length - done, BUFFER_BYTES / Integer.BYTES);
      keystream.read(buffer, 0, now * Integer.BYTES);
      sum(block, offset + done, now, sign, buffer);
      done += now;
    }
  }

  private void apply(long[] block, int offset, int length, long first, long sign) {
    Objects.checkFromIndexSize(offset, length, block.length);
    seek(first, Long.BYTES);
    int done = 0;
    while (done < length) {
      int now = Math.min(length - done, BUFFER_BYTES / Long.BYTES);
      keystream.read(buffer, 0, now * Long.BYTES);
      sum(block, offset + done, now, sign, buffer);
      done += now;
    }
  }

  private void seek(long first, int elementBytes) {
    if (first < 0 || first > ELEMENTS_MAX) {
      throw new IllegalArgumentException("mask: element %d, 0 to 2^48".formatted(first));
    }
    keystream.seek(first * elementBytes);
  }

  private static void sum(int[] block, int offset, int length, int sign, byte[] words) {
    for (int i = 0; i < length; i++) {
      block[offset + i] += ((int) U32.get(words, i * Integer.BYTES) ^ sign) - sign;
    }
  }

  private static void sum(long[] block, int offset, int length, long sign, byte[] words) {
    for (int i = 0; i < length; i++) {
      block[offset + i] += ((long) U64.get(words, i * Long.BYTES) ^ sign) - sign;
    }
  }
}
