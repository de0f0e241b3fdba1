package org.consilium.models.federated;

/**
 * SCAFFOLD at a site (Karimireddy et al. 2020, Algorithm 1, lines 7 to 13): the site's control
 * variate cₖ is its guess of its own gradient, c the mean of all sites' guesses; a local step
 * follows the gradient corrected by their difference.
 */
public final class Scaffold {
  private Scaffold() {}

  /**
   * Corrects a gradient: g − cₖ + c.
   *
   * @param gradient of the site's loss; changed
   * @param own cₖ
   * @param all c
   */
  public static void correct(double[] gradient, double[] own, double[] all) {
    require(gradient.length, own, all);
    for (int i = 0; i < gradient.length; i++) {
      gradient[i] += all[i] - own[i];
    }
  }

  /**
   * The next cₖ by option 2: cₖ − c + (x − y)/Ση, for which no further gradient is needed.
   *
   * @param own cₖ
   * @param all c
   * @param moved x − y, the way that the local steps went
   * @param rates sum of the steps' learning rates; Kη for K steps of one rate
   */
  public static double[] next(double[] own, double[] all, double[] moved, double rates) {
    require(own.length, all, moved);
    if (!(rates > 0) || Double.isInfinite(rates)) {
      throw new IllegalArgumentException("control variate: learning rates sum to " + rates);
    }
    double[] next = new double[own.length];
    for (int i = 0; i < next.length; i++) {
      next[i] = own[i] - all[i] + moved[i] / rates;
    }
    return next;
  }

  /** The next cₖ by option 1: the site's gradient at the round's starting parameters. */
  public static double[] next(double[] gradientAtStart) {
    return gradientAtStart.clone();
  }

  private static void require(int length, double[] one, double[] other) {
    if (one.length != length || other.length != length) {
      throw new IllegalArgumentException(
          "control variate: lengths %d, %d, %d".formatted(length, one.length, other.length));
    }
  }
}
