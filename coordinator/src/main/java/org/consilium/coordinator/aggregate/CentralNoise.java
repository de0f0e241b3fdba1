package org.consilium.coordinator.aggregate;

import java.security.SecureRandom;
import java.util.random.RandomGenerator;
import org.consilium.coordinator.aggregate.robust.Factors;
import org.consilium.coordinator.aggregate.robust.RobustRule;
import org.consilium.security.stream.SecureChance;

/**
 * What the coordinator does to a sum so that a model version tells little of one site's update
 * (McMahan et al. 2018, "Learning differentially private recurrent language models", Algorithm 1):
 * updates are cut to norm S first, and Gaussian noise of standard deviation σS is added to the sum
 * of sites. The noise of a round is drawn when the round is summed and kept nowhere.
 *
 * @param sigma σ, noise multiplier, at least 0
 * @param clip S, largest L2 norm of a site's delta, above 0
 * @param random makes the key of each thread's noise
 */
public record CentralNoise(double sigma, double clip, SecureRandom random) {
  /** A value is half the sum of four draws: single ones in floating point leave gaps. */
  private static final int DRAWS = 4;

  /** Refuses what is no such noise. */
  public CentralNoise {
    if (!(sigma >= 0 && sigma < Double.POSITIVE_INFINITY && clip > 0)) {
      throw new IllegalArgumentException("central noise: sigma %s, clip %s".formatted(sigma, clip));
    }
  }

  /**
   * The mean of updates, none of them longer than S: what is left of one is rounded down.
   *
   * @param norms L2 norm of each site's delta, as the coordinator measured it
   */
  Factors cut(double[] norms, RobustRule.Round weights) {
    double[] lengths = new double[norms.length];
    for (int site = 0; site < norms.length; site++) {
      lengths[site] = norms[site] > clip ? clip / norms[site] : 1;
    }
    return Factors.shortened(lengths, weights);
  }

  /** The standard deviation of each coordinate of the mean: σS of the heaviest site's share. */
  double deviation(RobustRule.Round weights) {
    int heaviest = weights.weights().stream().mapToInt(w -> w).max().orElseThrow();
    return sigma * clip * heaviest / weights.weightSum();
  }

  /** A stream for one thread. */
  RandomGenerator stream() {
    return SecureChance.of(random);
  }

  /** Adds noise to some coordinates of the mean. */
  static void add(RandomGenerator chance, double deviation, double[] mean, int from, int to) {
    double scale = deviation / Math.sqrt(DRAWS);
    for (int i = from; i < to; i++) {
      double drawn = 0;
      for (int draw = 0; draw < DRAWS; draw++) {
        drawn += chance.nextGaussian();
      }
      mean[i] += scale * drawn;
    }
  }
}
