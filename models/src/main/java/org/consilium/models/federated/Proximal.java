package org.consilium.models.federated;

/**
 * FedProx (Li et al. 2020, "Federated optimization in heterogeneous networks", equation 2): the
 * local loss has μ/2·‖y − x‖² added, x being the parameters that the round started from. Ditto's
 * personal model (Li et al. 2021, "Ditto", Algorithm 1) is pulled in the same way, with λ for μ and
 * the parameters that the site was sent for x.
 */
public final class Proximal {
  private Proximal() {}

  /**
   * Adds the pull's gradient, {@code strength·(y − x)}, to a gradient.
   *
   * @param gradient of the site's loss at y; changed
   * @param y local parameters
   * @param x what they are pulled towards
   * @param strength μ or λ, at least 0
   */
  public static void add(double[] gradient, double[] y, double[] x, double strength) {
    if (!(strength >= 0) || y.length != gradient.length || x.length != gradient.length) {
      throw new IllegalArgumentException(
          "proximal term: strength %s, lengths %d, %d, %d"
              .formatted(strength, gradient.length, y.length, x.length));
    }
    for (int i = 0; i < gradient.length; i++) {
      gradient[i] += strength * (y[i] - x[i]);
    }
  }
}
