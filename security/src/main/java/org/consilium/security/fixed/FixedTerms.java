package org.consilium.security.fixed;

/**
 * The fixed-point layout in which a study's deltas are summed: signed integers of R bits that
 * cannot overflow. With b magnitude bits, a coordinate clipped to ±2^e becomes an integer of at
 * most 2^b, times a weight of at most W, summed over at most n sites: b + ⌈log2 W⌉ + ⌈log2 n⌉ ≤ R −
 * 2.
 *
 * @param weightMax W, 1 to 64 in 32 bits, to 2^20 in 64
 * @param participants n, 1 to 1024
 * @param rangeExponent log2 of C, the widest range of a coordinate; −64 to 20 in 32 bits, 3 in 64
 * @param ring in which the integers are summed
 */
public record FixedTerms(int weightMax, int participants, int rangeExponent, Ring ring) {
  private static final int PARTICIPANTS_MAX = 1024;
  private static final int EXACT_RANGE_EXPONENT = 3;
  private static final int EXACT_MAGNITUDE_BITS = 27; // 24 after the point, 3 before

  /** Whole numbers modulo 2^32 or 2^64. */
  public enum Ring {
    /** A scale for each tensor, as fine as fits; stochastic rounding. */
    BITS_32(32, 64),
    /** One scale, 24 binary digits after the point; rounding to nearest. Twice the bytes. */
    BITS_64(64, 1 << 20);

    private final int bits;
    private final int weightMax;

    Ring(int bits, int weightMax) {
      this.bits = bits;
      this.weightMax = weightMax;
    }

    /** The ring of R bits. */
    public static Ring of(int bits) {
      for (Ring ring : values()) {
        if (ring.bits == bits) {
          return ring;
        }
      }
      throw new IllegalArgumentException(
          "fixed point: a ring of %d bits, not 32 or 64".formatted(bits));
    }

    /** R. */
    public int bits() {
      return bits;
    }

    /** Bytes of one value. */
    public int bytes() {
      return bits / Byte.SIZE;
    }

    /** Two's complement with one bit to spare. */
    private int sumBits() {
      return bits - 2;
    }
  }

  /** In 32 bits. */
  public FixedTerms(int weightMax, int participants, int rangeExponent) {
    this(weightMax, participants, rangeExponent, Ring.BITS_32);
  }

  /** Refuses what could overflow. */
  public FixedTerms {
    if (weightMax < 1 || weightMax > ring.weightMax) {
      throw new IllegalArgumentException(
          "fixed point: weight at most %d, 1 to %d".formatted(weightMax, ring.weightMax));
    }
    if (participants < 1 || participants > PARTICIPANTS_MAX) {
      throw new IllegalArgumentException(
          "fixed point: %d participants, 1 to %d".formatted(participants, PARTICIPANTS_MAX));
    }
    if (rangeExponent < -64 || rangeExponent > 20) {
      throw new IllegalArgumentException(
          "fixed point: range 2^%d, 2^-64 to 2^20".formatted(rangeExponent));
    }
    if (ring == Ring.BITS_64 && rangeExponent != EXACT_RANGE_EXPONENT) {
      throw new IllegalArgumentException(
          "fixed point: range 2^%d, in 64 bits it is 2^%d"
              .formatted(rangeExponent, EXACT_RANGE_EXPONENT));
    }
    // The largest possible sum, from the numbers themselves rather than from their logarithms.
    long sumMax =
        Math.multiplyExact(
            (long) participants * weightMax, 1L << bits(weightMax, participants, ring));
    if (sumMax > 1L << ring.sumBits()) {
      throw new IllegalArgumentException(
          "fixed point: a sum of %d needs over %d bits".formatted(sumMax, ring.sumBits()));
    }
  }

  /** The exact option: 64 bits, f = 24, C = 8. */
  public static FixedTerms exact(int weightMax, int participants) {
    return new FixedTerms(weightMax, participants, EXACT_RANGE_EXPONENT, Ring.BITS_64);
  }

  /** From the range C itself, a power of two, in 32 bits. */
  public static FixedTerms of(int weightMax, int participants, double range) {
    return of(weightMax, participants, range, Ring.BITS_32);
  }

  /** From the range C itself, a power of two; 8 in 64 bits. */
  public static FixedTerms of(int weightMax, int participants, double range, Ring ring) {
    if (!(range > 0) || Double.isInfinite(range) || range != Math.scalb(1.0, exponent(range))) {
      throw new IllegalArgumentException(
          "fixed point: range %s is not a power of two".formatted(range));
    }
    return new FixedTerms(weightMax, participants, exponent(range), ring);
  }

  /** b: a coordinate becomes an integer of at most 2^b. */
  public int magnitudeBits() {
    return bits(weightMax, participants, ring);
  }

  /** C. */
  public double range() {
    return Math.scalb(1.0, rangeExponent);
  }

  /**
   * f: the binary digits after the point for a tensor whose range is 2^{@code rangeExponent}; 24 in
   * 64 bits, where every tensor has the range C.
   */
  public int scaleExponent(int tensorRangeExponent) {
    if (ring == Ring.BITS_64 && tensorRangeExponent != rangeExponent) {
      throw new IllegalArgumentException(
          "fixed point: a tensor of range 2^%d, in 64 bits it is 2^%d"
              .formatted(tensorRangeExponent, rangeExponent));
    }
    return magnitudeBits() - tensorRangeExponent;
  }

  /**
   * log2 of a tensor's range in the next round: the smallest power of two that is at least 8 times
   * the largest magnitude in the last aggregate, at most C. A tensor that was all zero keeps {@code
   * last}. In 64 bits it is always C.
   */
  public int nextExponent(double maxAbs, int last) {
    if (!(maxAbs >= 0) || Double.isInfinite(maxAbs)) {
      throw new IllegalArgumentException("fixed point: largest magnitude " + maxAbs);
    }
    if (ring == Ring.BITS_64) {
      return rangeExponent;
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
    long fits = (1L << (ring.sumBits() - log2Ceiling(participants))) - 1;
    return (int) Math.min(clipped, Math.min(fits, Integer.MAX_VALUE));
  }

  private static int bits(int weightMax, int participants, Ring ring) {
    return switch (ring) {
      case BITS_32 -> ring.sumBits() - log2Ceiling(weightMax) - log2Ceiling(participants);
      case BITS_64 -> EXACT_MAGNITUDE_BITS;
    };
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
