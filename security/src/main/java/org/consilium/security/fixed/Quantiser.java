package org.consilium.security.fixed;

import java.util.Objects;

/**
 * Float deltas to weighted fixed-point integers, with stochastic rounding whose mean is exact.
 *
 * <p>For v = Δ·factor clipped to ±2^e and scaled by 2^f: x = ⌊v⌋ + [r &lt; (v − ⌊v⌋)·2^32] with r a
 * word of the {@link RoundingStream}, and w·x is sent. One thread at a time.
 */
public final class Quantiser {
  private static final int BLOCK = 8192; // rounding words at a time: 32 KiB
  private static final long ALMOST_ONE = 0xffff_ffffL;
  private static final long WORD = 0xffff_ffffL;
  private static final int EXPONENT_MASK = 0x7f80_0000; // all set: NaN or an infinity

  private final FixedTerms terms;
  private final RoundingStream rounding;
  private final int[] words = new int[BLOCK];

  /** With a study's terms and one site's rounding words; the stream belongs to this from now on. */
  public Quantiser(FixedTerms terms, RoundingStream rounding) {
    if (terms.ring() != FixedTerms.Ring.BITS_32) {
      throw new IllegalArgumentException("quantise: terms of 64 bits round to nearest");
    }
    this.terms = terms;
    this.rounding = rounding;
  }

  /**
   * A run of coordinates of one tensor.
   *
   * @param firstCoordinate place of the run's first coordinate in the whole vector
   * @param length coordinates
   * @param scaleExponent f of the tensor, {@link FixedTerms#scaleExponent}
   * @param factor what every coordinate is multiplied by before: min(1, S/‖Δ‖), in (0, 1]
   * @param weight w, 1 to W
   */
  public record Run(
      long firstCoordinate, int length, int scaleExponent, double factor, int weight) {
    /** Refuses a factor outside (0, 1] and negative places. */
    public Run {
      if (!(factor > 0 && factor <= 1)) {
        throw new IllegalArgumentException("quantise: factor %s, not in (0, 1]".formatted(factor));
      }
      if (firstCoordinate < 0 || length < 0) {
        throw new IllegalArgumentException(
            "quantise: %d coordinates from %d".formatted(length, firstCoordinate));
      }
      if (Math.abs(scaleExponent) > 512) {
        throw new IllegalArgumentException("quantise: scale 2^" + scaleExponent);
      }
    }
  }

  /**
   * Quantises a run.
   *
   * @param delta read at {@code offset}, not kept
   * @param out written at {@code outOffset}
   * @return how many coordinates were clipped
   * @throws NotFinite before anything is written
   */
  public int quantise(Run run, float[] delta, int offset, int[] out, int outOffset)
      throws NotFinite {
    Objects.checkFromIndexSize(offset, run.length(), delta.length);
    Objects.checkFromIndexSize(outOffset, run.length(), out.length);
    if (run.weight() < 1 || run.weight() > terms.weightMax()) {
      throw new IllegalArgumentException(
          "quantise: weight %d, 1 to %d".formatted(run.weight(), terms.weightMax()));
    }
    checkFinite(run, delta, offset);
    double scale = Math.scalb(run.factor(), run.scaleExponent() + 32);
    double limit = Math.scalb(1.0, terms.magnitudeBits() + 32);
    if (rounding.position() != run.firstCoordinate()) {
      rounding.seek(run.firstCoordinate());
    }
    int clipped = 0;
    for (int done = 0; done < run.length(); done += BLOCK) {
      int now = Math.min(BLOCK, run.length() - done);
      rounding.fill(words, 0, now);
      block(delta, offset + done, now, scale, limit, words, run.weight(), out, outOffset + done);
      clipped += clipped(delta, offset + done, now, scale, limit);
    }
    return clipped;
  }

  /**
   * The weighted mean of one coordinate: {@code scalb(sum / weightSum, −f)}.
   *
   * @param sum Σ w·x, signed
   * @param weightSum Σ w, positive
   */
  public static double decode(long sum, long weightSum, int scaleExponent) {
    if (weightSum < 1) {
      throw new IllegalArgumentException("decode: weights sum to " + weightSum);
    }
    return Math.scalb((double) sum / (double) weightSum, -scaleExponent);
  }

  static void checkFinite(Run run, float[] delta, int offset) throws NotFinite {
    int bad = 0;
    for (int i = offset; i < offset + run.length(); i++) {
      bad |= ((Float.floatToRawIntBits(delta[i]) & EXPONENT_MASK) + 0x0080_0000) >> 31;
    }
    if (bad != 0) {
      int i = offset;
      while (Float.isFinite(delta[i])) {
        i++;
      }
      throw new NotFinite(run.firstCoordinate() + i - offset);
    }
  }

  /**
   * The inner loop, in integers of 2^-32: with s = v·2^32, x = (⌈s⌉ − r + 2^32 − 1) >> 32. Write
   * ⌈s⌉ = ⌊v⌋·2^32 + g with g = ⌈(v − ⌊v⌋)·2^32⌉ in [0, 2^32]; the shift adds 1 exactly when r &lt;
   * g, which for whole r is r &lt; (v − ⌊v⌋)·2^32. No branch, and |⌈s⌉| ≤ 2^62.
   */
  @SuppressWarnings("TooManyParameters") // a leaf loop: its arrays and constants, nothing else
  private static void block(
      float[] delta,
      int offset,
      int length,
      double scale,
      double limit,
      int[] words,
      int weight,
      int[] out,
      int outOffset) {
    for (int i = 0; i < length; i++) {
      double scaled = Math.min(limit, Math.max(-limit, delta[offset + i] * scale));
      long ceiling = (long) Math.ceil(scaled);
      out[outOffset + i] = weight * (int) ((ceiling - (words[i] & WORD) + ALMOST_ONE) >> 32);
    }
  }

  static int clipped(float[] delta, int offset, int length, double scale, double limit) {
    int count = 0;
    for (int i = offset; i < offset + length; i++) {
      count += Math.abs(delta[i] * scale) > limit ? 1 : 0;
    }
    return count;
  }
}
