package org.consilium.models.federated;

/**
 * FedNova's normaliser (Wang et al. 2020, "Tackling the objective inconsistency problem in
 * heterogeneous federated optimization", section 4): |a|₁ is by how much the sum of K local
 * gradients is weighted in x − y, in units of the learning rate. A site's delta divided by it is a
 * mean gradient step, whatever the number of steps.
 */
public final class Nova {
  private Nova() {}

  /**
   * |a|₁ of K descent steps with heavy-ball momentum (m ← ρm + g, y ← y − ηm; m starts at 0) and
   * FedProx's pull. It is (K − ρ(1 − ρ^K)/(1 − ρ))/(1 − ρ) without a pull, and K without both.
   *
   * @param steps K, at least 1
   * @param momentum ρ in [0, 1)
   * @param pull ημ, learning rate times FedProx's strength, in [0, 1)
   */
  public static double normaliser(int steps, double momentum, double pull) {
    if (steps < 1 || !(momentum >= 0 && momentum < 1) || !(pull >= 0 && pull < 1)) {
      throw new IllegalArgumentException(
          "normaliser: %d steps, momentum %s, pull %s".formatted(steps, momentum, pull));
    }
    // Where K steps lead when every gradient is 1: (x − y)/η.
    double velocity = 0;
    double way = 0;
    for (int k = 0; k < steps; k++) {
      velocity = momentum * velocity + 1 - pull * way;
      way += velocity;
    }
    return way;
  }
}
