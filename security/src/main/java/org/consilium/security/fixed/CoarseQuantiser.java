package org.consilium.security.fixed;

import java.util.Objects;

/**
 * Float deltas to few-digit integers on the fixed point's own grid, to nearest, with what is left
 * over handed back: error feedback (Seide et al. 2014; Karimireddy et al. 2019, Algorithm 1).
 *
 * <p>For v = Δ·factor clipped to ±2^e and scaled by 2^f: q = ⌊v·2^-s⌉, |q| ≤ 2^digits − 1, stands
 * for the integer q·2^s, and (v − q·2^s)·2^-f is left over. No chance is in it: the same delta
 * gives the same bytes. One thread at a time.
 */
public final class CoarseQuantiser {
  private final FixedTerms terms;
  private final int digits;

  /**
   * With a study's terms of 32 bits.
   *
   * @param digits binary digits of q beside its sign, 7 or 15
   */
  public CoarseQuantiser(FixedTerms terms, int digits) {
    if (terms.ring() != FixedTerms.Ring.BITS_32) {
      throw new IllegalArgumentException("quantise: terms of 64 bits have no coarse grid");
    }
    if (digits < 2 || digits > 15) {
      throw new IllegalArgumentException("quantise: %d digits, 2 to 15".formatted(digits));
    }
    this.terms = terms;
    this.digits = digits;
  }

  /** The largest s that a tensor may have: q·2^s stays within the terms' magnitude. */
  public static int shiftMax(FixedTerms terms, int digits) {
    return terms.magnitudeBits() - digits;
  }

  /**
   * The smallest s at which the largest value of a tensor still fits.
   *
   * @param maxAbs largest |Δ|·factor
   * @param scaleExponent f of the tensor
   */
  public int shift(double maxAbs, int scaleExponent) {
    double limit = Math.scalb(1.0, terms.magnitudeBits());
    double largest = Math.min(limit, Math.scalb(maxAbs, scaleExponent));
    int most = (1 << digits) - 1;
    int shift = 0;
    while (shift < shiftMax(terms, digits) && Math.rint(Math.scalb(largest, -shift)) > most) {
      shift++;
    }
    return shift;
  }

  /**
   * Quantises a run; the weight is none of its business.
   *
   * @param values the delta with what was left over before, read at {@code offset}; holds what is
   *     left over now when this returns
   * @param out q, written at {@code outOffset}
   * @return how many coordinates were clipped
   * @throws NotFinite before anything is written
   */
  public int quantise(
      Quantiser.Run run, int shift, float[] values, int offset, int[] out, int outOffset)
      throws NotFinite {
    Objects.checkFromIndexSize(offset, run.length(), values.length);
    Objects.checkFromIndexSize(outOffset, run.length(), out.length);
    if (shift < 0 || shift > shiftMax(terms, digits)) {
      throw new IllegalArgumentException(
          "quantise: shift %d, 0 to %d".formatted(shift, shiftMax(terms, digits)));
    }
    Quantiser.checkFinite(run, values, offset);
    double scale = Math.scalb(run.factor(), run.scaleExponent());
    double limit = Math.scalb(1.0, terms.magnitudeBits());
    double down = Math.scalb(1.0, -shift);
    double back = Math.scalb(1.0, -run.scaleExponent());
    int most = (1 << digits) - 1;
    int clipped = 0;
    for (int i = 0; i < run.length(); i++) {
      double wanted = values[offset + i] * scale;
      double scaled = Math.min(limit, Math.max(-limit, wanted));
      clipped += scaled == wanted ? 0 : 1;
      int q = (int) Math.min(most, Math.max(-most, Math.rint(scaled * down)));
      out[outOffset + i] = q;
      values[offset + i] = (float) ((scaled - Math.scalb((double) q, shift)) * back);
    }
    return clipped;
  }
}
