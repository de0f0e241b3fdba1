package org.consilium.security.fixed;

import java.util.Objects;

/**
 * Float deltas to weighted 64-bit fixed-point integers, to nearest and ties to even: for v =
 * Δ·factor clipped to ±8, x = rint(v·2^24) and w·x is sent. The error is at most 2^-25 for each
 * site. It keeps no state.
 */
public final class ExactQuantiser {
  private final FixedTerms terms;

  /** With a study's terms, of 64 bits. */
  public ExactQuantiser(FixedTerms terms) {
    if (terms.ring() != FixedTerms.Ring.BITS_64) {
      throw new IllegalArgumentException("quantise exactly: the terms are of 32 bits");
    }
    this.terms = terms;
  }

  /**
   * Quantises a run.
   *
   * @param delta read at {@code offset}, not kept
   * @param out written at {@code outOffset}
   * @return how many coordinates were clipped
   * @throws NotFinite before anything is written
   */
  public int quantise(Quantiser.Run run, float[] delta, int offset, long[] out, int outOffset)
      throws NotFinite {
    Objects.checkFromIndexSize(offset, run.length(), delta.length);
    Objects.checkFromIndexSize(outOffset, run.length(), out.length);
    int f = terms.scaleExponent(terms.rangeExponent());
    if (run.weight() < 1 || run.weight() > terms.weightMax() || run.scaleExponent() != f) {
      throw new IllegalArgumentException(
          "quantise exactly: weight %d, 1 to %d, scale 2^%d, not 2^%d"
              .formatted(run.weight(), terms.weightMax(), run.scaleExponent(), f));
    }
    Quantiser.checkFinite(run, delta, offset);
    double scale = Math.scalb(run.factor(), f);
    double limit = Math.scalb(1.0, terms.magnitudeBits());
    for (int i = 0; i < run.length(); i++) {
      double scaled = Math.min(limit, Math.max(-limit, delta[offset + i] * scale));
      out[outOffset + i] = run.weight() * (long) Math.rint(scaled);
    }
    return Quantiser.clipped(delta, offset, run.length(), scale, limit);
  }
}
