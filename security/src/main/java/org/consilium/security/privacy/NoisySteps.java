package org.consilium.security.privacy;

/**
 * Training steps that share their noise: each draws every patient by chance alone (Poisson), clips
 * a patient's gradient to norm C, sums, and adds Gaussian noise of standard deviation σC.
 *
 * @param sigma σ, the noise multiplier, 0 (no noise: no privacy) to 10^6
 * @param rate q, the chance of each patient to be in a step, 0 to 1
 * @param count steps, from 0
 */
public record NoisySteps(double sigma, double rate, long count) {
  /** The largest noise multiplier; at 10^6 a training learns nothing. */
  static final double SIGMA_MAX = 1e6;

  /** Refuses what is not such a mechanism. */
  public NoisySteps {
    if (!(sigma >= 0 && sigma <= SIGMA_MAX)) {
      throw new IllegalArgumentException(
          "noisy steps: noise multiplier %s, 0 to %s".formatted(sigma, SIGMA_MAX));
    }
    if (!(rate >= 0 && rate <= 1)) {
      throw new IllegalArgumentException("noisy steps: sampling rate %s, 0 to 1".formatted(rate));
    }
    if (count < 0) {
      throw new IllegalArgumentException("noisy steps: %d steps, at least 0".formatted(count));
    }
  }

  /**
   * The Rényi divergence of all these steps together, in nats; infinite without noise.
   *
   * @param order α, above 1 and at most {@link Orders#ORDER_MAX}
   */
  public double rdp(double order) {
    Orders.check(order);
    return count == 0 ? 0 : count * new SampledGaussian(sigma, rate).rdp(order);
  }

  /** The same noise and rate, for further steps. */
  NoisySteps more(long steps) {
    try {
      return new NoisySteps(sigma, rate, Math.addExact(count, steps));
    } catch (ArithmeticException tooMany) {
      throw new IllegalArgumentException(
          "noisy steps: %d and %d steps at noise multiplier %s, rate %s: over 2^63"
              .formatted(count, steps, sigma, rate),
          tooMany);
    }
  }
}
