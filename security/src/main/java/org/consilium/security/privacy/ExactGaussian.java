package org.consilium.security.privacy;

import org.apache.commons.numbers.gamma.Erfc;
import org.apache.commons.numbers.gamma.Erfcx;

/**
 * The Gaussian mechanism without sampling, exactly (Balle, Wang 2018, Theorem 8): δ(ε) = Φ(μ/2 −
 * ε/μ) − e^ε Φ(−μ/2 − ε/μ). Where every patient is in every step it is the least true ε; the one by
 * Rényi orders is larger.
 *
 * @param mu μ, sensitivity over standard deviation of the noise; at least 0, infinite without noise
 */
public record ExactGaussian(double mu) {
  private static final double ROOT_2 = Math.sqrt(2);

  /** Refuses NaN and below 0. */
  public ExactGaussian {
    if (!(mu >= 0)) {
      throw new IllegalArgumentException("exact Gaussian: mu %s, at least 0".formatted(mu));
    }
  }

  /**
   * That of steps which take everybody: μ = √steps / σ.
   *
   * @param sigma noise multiplier, 0 to 10^6
   * @param steps from 0
   */
  public static ExactGaussian of(double sigma, long steps) {
    NoisySteps checked = new NoisySteps(sigma, 1, steps);
    return new ExactGaussian(
        checked.count() == 0 ? 0 : Math.sqrt((double) checked.count()) / checked.sigma());
  }

  /**
   * The least δ for an ε. With x = ε/μ − μ/2 the second term is φ(x)/φ(x+μ) times a tail of x + μ,
   * so that e^ε never overflows and a δ of 10^−90 has its digits.
   *
   * @param epsilon ε in nats, finite, at least 0
   */
  public double delta(double epsilon) {
    if (!(epsilon >= 0 && epsilon < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "exact Gaussian: epsilon %s, at least 0".formatted(epsilon));
    }
    if (mu == 0 || Double.isInfinite(mu)) {
      return mu == 0 ? 0 : 1;
    }
    double x = epsilon / mu - mu / 2;
    double half = Math.exp(-x * x / 2) / 2;
    double second = Erfcx.value((epsilon / mu + mu / 2) / ROOT_2);
    double delta =
        x > 0
            ? half * (Erfcx.value(x / ROOT_2) - second)
            : Erfc.value(x / ROOT_2) / 2 - half * second;
    return Math.clamp(delta, 0.0, 1.0);
  }

  /**
   * The least ε for a δ, to one part in 10^12 and never below; infinite without noise.
   *
   * @param delta δ, inside (0, 1)
   */
  public double epsilon(double delta) {
    Guarantee.checkDelta(delta);
    // ρ + 2√(ρ ln 1/δ) with ρ = μ²/2 is enough (Bun, Steinke 2016, Proposition 1.3)
    double enough = mu * mu / 2 + mu * Math.sqrt(-2 * Math.log(delta));
    if (enough < Double.POSITIVE_INFINITY && delta(enough) > delta) {
      enough *= 2; // at μ of 10^15 and more, ε/μ − μ/2 has lost its digits
    }
    return enough < Double.POSITIVE_INFINITY
        ? Bisection.least(epsilon -> delta(epsilon) <= delta, enough, 1e-12)
        : enough;
  }
}
