package org.consilium.security.fixed;

/**
 * The fixed-point layout in which a study's deltas are summed: signed 32-bit integers that cannot
 * overflow. With b magnitude bits, a coordinate clipped to ±2^e becomes an integer of at most 2^b,
 * times a weight of at most W, summed over at most n sites: b + ⌈log2 W⌉ + ⌈log2 n⌉ = 30.
 *
 * @param weightMax W, 1 to 64
 * @param participants n, 1 to 128
 * @param rangeExponent log2 of C, the widest range of a coordinate; −64 to 20
 */
public record FixedTerms(int weightMax, int participants, int rangeExponent) {
  private static final int WEIGHT_MAX = 64;
  private static final int PARTICIPANTS_MAX = 128;
  private static final int SUM_BITS = 30; // 32-bit two's complement with one bit to spare

  /** Refuses what could overflow. */
  public FixedTerms {
    if (weightMax < 1 || weightMax > WEIGHT_MAX) {
      throw new IllegalArgumentException(
          "fixed point: weight at most %d, 1 to %d".formatted(weightMax, WEIGHT_MAX));
    }
    if (participants < 1 || participants > PARTICIPANTS_MAX) {
      throw new IllegalArgumentException(
          "fixed point: %d participants, 1 to %d".formatted(participants, PARTICIPANTS_MAX));
    }
    if (rangeExponent < -64 || rangeExponent > 20) {
      throw new IllegalArgumentException(
          "fixed point: range 2^%d, 2^-64 to 2^20".formatted(rangeExponent));
    }
    // The largest possible sum, from the numbers themselves rather than from their logarithms.
    long sumMax = ((long) participants * weightMax) << bits(weightMax, participants);
    if (sumMax > 1L << SUM_BITS) {
      throw new IllegalArgumentException(
          "fixed point: a sum of %d needs over 30 bits".formatted(sumMax));
    }
  }

  /** From the range C itself, a power of two. */
  public static FixedTerms of(int weightMax, int participants, double range) {
    if (!(range > 0) || Double.isInfinite(range) || range != Math.scalb(1.0, exponent(range))) {
      throw new IllegalArgumentException(
          "fixed point: range %s is not a power of two".formatted(range));
    }
    return new FixedTerms(weightMax, participants, exponent(range));
  }

  /** b: a coordinate becomes an integer of at most 2^b. */
  public int magnitudeBits() {
    return bits(weightMax, participants);
  }

  /** C. */
  public double range() {
    return Math.scalb(1.0, rangeExponent);
  }

  /** f: the binary digits after the point for a tensor whose range is 2^{@code rangeExponent}. */
  public int scaleExponent(int tensorRangeExponent) {
    return magnitudeBits() - tensorRangeExponent;
  }

  /**
   * log2 of a tensor's range in the next round: the smallest power of two that is at least 8 times
   * the largest magnitude in the last aggregate, at most C. A tensor that was all zero keeps {@code
   * last}.
   */
  public int nextExponent(double maxAbs, int last) {
    if (!(maxAbs >= 0) || Double.isInfinite(maxAbs)) {
      throw new IllegalArgumentException("fixed point: largest magnitude " + maxAbs);
    }
    if (maxAbs == 0) {
      return last;
    }
    int exponent = exponent(maxAbs);
    int ceiling = maxAbs > Math.scalb(1.0, exponent) ? exponent + 1 : exponent;
    return Math.min(ceiling + 3, rangeExponent);
  }

  /** The count of clipped coordinates as it is sent: n of them still fit. */
  public int clippedCount(long clipped) {
    return (int) Math.min(clipped, (1L << (SUM_BITS - log2Ceiling(participants))) - 1);
  }

  private static int bits(int weightMax, int participants) {
    return SUM_BITS - log2Ceiling(weightMax) - log2Ceiling(participants);
  }

  private static int log2Ceiling(int value) {
    return 32 - Integer.numberOfLeadingZeros(value - 1);
  }

  /** ⌊log2⌋ of a positive double, subnormals included. */
  private static int exponent(double value) {
    return value < Double.MIN_NORMAL
        ? Math.getExponent(value * 0x1p64) - 64
        : Math.getExponent(value);
  }
}
