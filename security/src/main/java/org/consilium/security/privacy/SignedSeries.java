package org.consilium.security.privacy;

import org.apache.commons.numbers.gamma.Erfc;
import org.apache.commons.numbers.gamma.Erfcx;

/**
 * ln A of the {@link SampledGaussian} for an order α that is not whole (Mironov, Talwar, Zhang
 * 2019, section 3.3). Left of z₀, where both parts of the mixture are equal, A's integrand is one
 * binomial series, right of it the other:
 *
 * <pre>
 *   A = Σ C(α,i)·(lowᵢ + highᵢ), i ≥ 0, j = α − i, z₀ = σ² ln((1−q)/q) + ½
 *   lowᵢ  = q^i (1−q)^j exp((i²−i)/(2σ²)) · ½ erfc((i−z₀)/(√2 σ))
 *   highᵢ = q^j (1−q)^i exp((j²−j)/(2σ²)) · ½ erfc((z₀−j)/(√2 σ))
 * </pre>
 *
 * <p>From i = ⌈α⌉ on the sign of C(α,i) alternates, and it counts: the sum of absolute values,
 * which some accountants use, is up to 3 % high.
 *
 * <p>As e^(x²) erfc(x) = erfcx(x), both terms are (1−q)^α exp(−z₀²/(2σ²)) ½ erfcx(±(k−z₀)/(√2 σ))
 * with k = i or j. So they fall slowly, like a power of i, but they and |C(α,i)| are moments of
 * positive measures on [0, 1], and for those 24 terms of an accelerated alternating sum leave less
 * than 10^−17 of the first (Cohen, Rodriguez Villegas, Zagier 2000, Algorithm 1).
 */
final class SignedSeries {
  private static final double[] TAIL = alternatingWeights(24);
  private static final double ROOT_2 = Math.sqrt(2);

  private final double sigma;
  private final double order;
  private final double lnOdds; // ln((1−q)/q)
  private final double lnScale; // ln (1−q)^α
  private final double crossing; // z₀
  private final double lnEdge; // ln of (1−q)^α exp(−z₀²/(2σ²))

  /** With σ and q inside their ranges, both ends excluded. */
  SignedSeries(double sigma, double rate, double order) {
    this.sigma = sigma;
    this.order = order;
    lnOdds = Math.log1p(-rate) - Math.log(rate);
    lnScale = order * Math.log1p(-rate);
    crossing = sigma * sigma * lnOdds + 0.5;
    lnEdge = lnScale - (crossing / sigma) * (crossing / sigma) / 2;
  }

  /**
   * ln A. The low half is at most Σ|C(α,i)| and is summed as it is; the high half grows like
   * exp(α²/(2σ²)) and is summed in logarithms.
   */
  double lnMoment() {
    double[] weights = weights();
    double[] lnHigh = new double[weights.length];
    double low = 0;
    for (int i = 0; i < weights.length; i++) {
      low += weights[i] * lowLessOne(i);
      lnHigh[i] = lnHigh(order - i);
    }
    double high = SampledGaussian.lnSum(weights, lnHigh);
    double one = seriesOfOne() ? 1 : 0;
    return high < 30 // e^30: A fits a double by far, and its 1 still counts
        ? Math.log1p(low + Math.exp(high) - (1 - one))
        : high + Math.log1p((low + one) * Math.exp(-high));
  }

  /** C(α,i) up to i = ⌈α⌉ − 1, all positive; then |C(α,i)| times the weights of the tail's sum. */
  private double[] weights() {
    int head = (int) Math.ceil(order);
    double[] weights = new double[head + TAIL.length];
    double binomial = 1;
    for (int i = 0; i < weights.length; i++) {
      weights[i] = i < head ? binomial : Math.abs(binomial) * TAIL[i - head];
      binomial *= (order - i) / (i + 1);
    }
    return weights;
  }

  /** Up to q = ½, 1 = Σ C(α,i) q^i (1−q)^(α−i) converges. */
  private boolean seriesOfOne() {
    return lnOdds >= 0;
  }

  /**
   * lowᵢ less its share q^i (1−q)^(α−i) of that 1, where there is one: what is left of A − 1 is
   * then made of small terms, and keeps its digits at small rates.
   */
  private double lowLessOne(int i) {
    double x = (i - crossing) / (ROOT_2 * sigma);
    double share = Math.exp(lnScale - i * lnOdds);
    double growth = i * (i - 1.0) / (2 * sigma * sigma);
    if (seriesOfOne() && x < 0 && growth < 1) {
      return share * (Math.expm1(growth) - Math.exp(growth) * Erfc.value(-x) / 2);
    }
    double low =
        x < 0
            ? Math.exp(lnScale - i * lnOdds + growth) * Erfc.value(x) / 2
            : Math.exp(lnEdge) * Erfcx.value(x) / 2;
    return seriesOfOne() ? low - share : low;
  }

  /** ln highᵢ, with j = α − i. */
  private double lnHigh(double j) {
    double x = (crossing - j) / (ROOT_2 * sigma);
    return x < 0
        ? lnScale - j * lnOdds + j * (j - 1) / (2 * sigma * sigma) + Math.log(Erfc.value(x) / 2)
        : lnEdge + Math.log(Erfcx.value(x) / 2);
  }

  /** w with Σ (−1)^k aₖ ≈ Σ wₖ aₖ over the first {@code count} terms; the signs are in w. */
  private static double[] alternatingWeights(int count) {
    double power = Math.pow(3 + Math.sqrt(8), count);
    double divisor = (power + 1 / power) / 2;
    double[] weights = new double[count];
    double b = -1;
    double c = -divisor;
    for (int k = 0; k < count; k++) {
      c = b - c;
      weights[k] = c / divisor;
      b *= (k + count) * (k - count) / ((k + 0.5) * (k + 1));
    }
    return weights;
  }
}
