package org.consilium.security.privacy;

import java.util.Arrays;
import org.apache.commons.numbers.gamma.LogGamma;

/**
 * The Rényi divergence of one step of the Gaussian mechanism on a Poisson sample, with a patient
 * added or removed (Mironov, Talwar, Zhang 2019, "Rényi differential privacy of the sampled
 * Gaussian mechanism"): RDP(α) = ln A / (α − 1), where A = E[((1−q) + q·exp((2z−1)/(2σ²)))^α] over
 * z ~ N(0, σ²).
 *
 * @param sigma σ, checked by {@link NoisySteps}
 * @param rate q, likewise
 */
record SampledGaussian(double sigma, double rate) {
  private static final double SIGMA_MIN = 1e-100; // below, 1/σ² leaves the doubles: no privacy

  /**
   * In nats, at least 0.
   *
   * @param order α, checked by {@link Orders}
   */
  double rdp(double order) {
    if (rate == 0) {
      return 0;
    }
    if (sigma < SIGMA_MIN) {
      return Double.POSITIVE_INFINITY;
    }
    if (rate == 1) {
      return order / (2 * sigma * sigma);
    }
    double lnMoment =
        order == Math.rint(order)
            ? wholeLnMoment((int) order)
            : new SignedSeries(sigma, rate, order).lnMoment();
    return Math.max(0, lnMoment / (order - 1));
  }

  /** At each order of a list. */
  double[] rdp(Orders orders) {
    return orders.values().stream().mapToDouble(this::rdp).toArray();
  }

  /**
   * ln A for a whole order (section 3.3). Because the binomial terms sum to 1, A − 1 = Σ C(α,i)
   * (1−q)^(α−i) q^i (exp((i²−i)/(2σ²)) − 1) over i ≥ 2: all positive, so a small A − 1 loses no
   * digits.
   */
  private double wholeLnMoment(int order) {
    double lnRate = Math.log(rate);
    double lnRest = Math.log1p(-rate);
    double[] ln = new double[order - 1];
    double[] one = new double[order - 1];
    Arrays.fill(one, 1);
    for (int i = 2; i <= order; i++) {
      double growth = i * (i - 1.0) / (2 * sigma * sigma);
      ln[i - 2] = lnBinomial(order, i) + i * lnRate + (order - i) * lnRest + lnExpm1(growth);
    }
    double lnExcess = lnSum(one, ln);
    return lnExcess > 0
        ? lnExcess + Math.log1p(Math.exp(-lnExcess))
        : Math.log1p(Math.exp(lnExcess));
  }

  /** ln Σ wᵢ exp(lᵢ) of a sum that is positive, scaled by its largest term. */
  static double lnSum(double[] weights, double[] ln) {
    double largest = Double.NEGATIVE_INFINITY;
    for (double value : ln) {
      largest = Math.max(largest, value);
    }
    if (largest == Double.NEGATIVE_INFINITY) {
      return largest;
    }
    double sum = 0;
    for (int i = 0; i < ln.length; i++) {
      sum += weights[i] * Math.exp(ln[i] - largest);
    }
    return largest + Math.log(sum);
  }

  private static double lnBinomial(int n, int k) {
    return LogGamma.value(n + 1.0) - LogGamma.value(k + 1.0) - LogGamma.value(n - k + 1.0);
  }

  /** ln(e^x − 1), x > 0. */
  private static double lnExpm1(double x) {
    return x < 1 ? Math.log(Math.expm1(x)) : x + Math.log1p(-Math.exp(-x));
  }
}
