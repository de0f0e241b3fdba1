package org.consilium.security.mask;

import java.util.Objects;
import org.consilium.security.mask.MaskRefused.Why;

/**
 * Whether an unmasked sum can be one of legal vectors: |U3| ≤ Σw ≤ |U3|·W, and every |Σ w·x| ≤
 * Σw·2^b. If a mask is left in it, a coordinate passes with a probability of at most one half, so a
 * whole vector does not. Nothing of a sum that fails is published.
 */
public final class SumCheck {
  private static final int SUM_BITS_MAX = 62;

  private final long bound;

  private SumCheck(long bound) {
    this.bound = bound;
  }

  /**
   * Checks the sum of the weights; then the blocks can be checked with the result.
   *
   * @param survivors |U3|
   * @param weightMax W
   * @param magnitudeBits b: a coordinate of one site is at most 2^b
   * @param weightSum Σw, as unmasked, signed
   */
  public static SumCheck of(int survivors, long weightMax, int magnitudeBits, long weightSum)
      throws MaskRefused {
    long most = Math.multiplyExact(survivors, weightMax);
    if (survivors < 1
        || magnitudeBits < 0
        || magnitudeBits > SUM_BITS_MAX
        || most < 1
        || most > 1L << (SUM_BITS_MAX - magnitudeBits)) {
      throw new IllegalArgumentException(
          "check sum: %d sites of weight at most %d, coordinates of %d bits"
              .formatted(survivors, weightMax, magnitudeBits));
    }
    if (weightSum < survivors || weightSum > most) {
      throw new MaskRefused(
          Why.IMPLAUSIBLE_SUM,
          "check sum: the weights of %d sites sum to %d, at most %d"
              .formatted(survivors, weightSum, most));
    }
    return new SumCheck(weightSum << magnitudeBits);
  }

  /** The most that a coordinate of the sum can be, Σw·2^b. */
  public long bound() {
    return bound;
  }

  /**
   * Checks a block of a sum modulo 2^32, read as signed.
   *
   * @param first place of the block's first element in the whole vector, for the message
   */
  public void check(int[] block, int offset, int length, long first) throws MaskRefused {
    Objects.checkFromIndexSize(offset, length, block.length);
    for (int i = offset; i < offset + length; i++) {
      if (Math.abs((long) block[i]) > bound) {
        throw implausible(block[i], first + i - offset);
      }
    }
  }

  /** Checks a block of a sum modulo 2^64, read as signed. */
  public void check(long[] block, int offset, int length, long first) throws MaskRefused {
    Objects.checkFromIndexSize(offset, length, block.length);
    for (int i = offset; i < offset + length; i++) {
      if (block[i] > bound || block[i] < -bound) {
        throw implausible(block[i], first + i - offset);
      }
    }
  }

  /**
   * Checks the unmasked count of clipped coordinates.
   *
   * @param clipped as unmasked, signed
   * @param clippedMax the most that one site can have sent
   */
  public static void checkClipped(int survivors, long clippedMax, long clipped) throws MaskRefused {
    long most = Math.multiplyExact(survivors, clippedMax);
    if (clipped < 0 || clipped > most) {
      throw new MaskRefused(
          Why.IMPLAUSIBLE_SUM,
          "check sum: %d clipped coordinates, 0 to %d".formatted(clipped, most));
    }
  }

  private MaskRefused implausible(long value, long coordinate) {
    return new MaskRefused(
        Why.IMPLAUSIBLE_SUM,
        "check sum: coordinate %d is %d, at most %d".formatted(coordinate, value, bound));
  }
}
