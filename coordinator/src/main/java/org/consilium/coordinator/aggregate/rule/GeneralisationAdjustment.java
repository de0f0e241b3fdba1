package org.consilium.coordinator.aggregate.rule;

import java.util.Arrays;

/**
 * FedDG-GA (Zhang et al. 2023, "Federated domain generalization with generalization adjustment",
 * section 3): each round a site's weight grows with how much worse off the site is under the global
 * model than under its own: aₖ ← aₖ + s·(gₖ − ḡ)/max|g − ḡ|, cut at 0, then made to sum to 1.
 */
public final class GeneralisationAdjustment {
  private GeneralisationAdjustment() {}

  /**
   * The next weights.
   *
   * @param weights of the sites, at least 0, with a positive sum
   * @param gaps what each site loses by the global model, larger is worse; not a number for a site
   *     that did not say, whose weight then only takes part in the sum
   * @param step s, by how much the weight of the site furthest from the mean moves
   * @return weights that sum to 1, in the same order
   */
  public static double[] next(double[] weights, double[] gaps, double step) {
    if (weights.length == 0 || weights.length != gaps.length || !(step >= 0)) {
      throw new IllegalArgumentException(
          "adjust weights: %d weights, %d gaps, step %s"
              .formatted(weights.length, gaps.length, step));
    }
    double[] known = Arrays.stream(gaps).filter(Double::isFinite).toArray();
    double mean = Arrays.stream(known).average().orElse(0);
    double furthest = Arrays.stream(known).map(g -> Math.abs(g - mean)).max().orElse(0);
    double[] next = normalised(weights);
    if (furthest > 0) {
      for (int i = 0; i < next.length; i++) {
        if (Double.isFinite(gaps[i])) {
          next[i] = Math.max(0, next[i] + step * (gaps[i] - mean) / furthest);
        }
      }
    }
    return normalised(next);
  }

  /** The step of a round: it falls linearly over the study, from s in the first round. */
  public static double step(double first, int round, int rounds) {
    if (round < 1 || round > rounds) {
      throw new IllegalArgumentException("adjust weights: round %d of %d".formatted(round, rounds));
    }
    return first * (1 - (round - 1.0) / rounds);
  }

  private static double[] normalised(double[] weights) {
    double sum = Arrays.stream(weights).sum();
    boolean legal = Arrays.stream(weights).allMatch(w -> w >= 0) && sum > 0;
    if (!legal || Double.isInfinite(sum)) {
      throw new IllegalArgumentException("adjust weights: " + Arrays.toString(weights));
    }
    return Arrays.stream(weights).map(w -> w / sum).toArray();
  }
}
