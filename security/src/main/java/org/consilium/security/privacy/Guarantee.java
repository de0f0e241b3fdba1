package org.consilium.security.privacy;

/**
 * (ε, δ)-differential privacy, as converted from Rényi divergences.
 *
 * @param epsilon ε in nats, at least 0; infinite where nothing is protected
 * @param delta δ, inside (0, 1)
 * @param order the Rényi order that gave the least ε
 * @param orderAtEndOfList whether that is the first or the last of the list and a longer list might
 *     give a smaller ε
 */
public record Guarantee(double epsilon, double delta, double order, boolean orderAtEndOfList) {
  private static final double ORDER_MIN = 1.01; // nearer to 1 the conversion loses its digits

  /** Refuses what is no guarantee. */
  public Guarantee {
    if (!(epsilon >= 0)) {
      throw new IllegalArgumentException("guarantee: epsilon %s, at least 0".formatted(epsilon));
    }
    checkDelta(delta);
  }

  /** Refuses a δ that is not inside (0, 1). */
  static void checkDelta(double delta) {
    if (!(delta > 0 && delta < 1)) {
      throw new IllegalArgumentException("guarantee: delta %s, not inside (0, 1)".formatted(delta));
    }
  }

  /**
   * The least ε over all orders.
   *
   * @param rdp the divergence at each order, in nats; read, not kept
   */
  static Guarantee of(Orders orders, double[] rdp, double delta) {
    checkDelta(delta);
    int best = 0;
    double least = Double.POSITIVE_INFINITY;
    for (int i = 0; i < rdp.length; i++) {
      double epsilon = epsilon(orders.values().get(i), rdp[i], delta);
      if (epsilon < least) {
        best = i;
        least = epsilon;
      }
    }
    boolean improvable = least > 0 && least < Double.POSITIVE_INFINITY;
    boolean atEnd = best == 0 || best == rdp.length - 1;
    return new Guarantee(least, delta, orders.values().get(best), improvable && atEnd);
  }

  /**
   * The ε of one order (Balle et al. 2020, Theorem 21), at least 0. The divergence at any order
   * above 1 also bounds the total variation distance by √(1 − e^−RDP) (Bretagnolle, Huber 1979):
   * where δ is beyond that, ε is 0.
   */
  private static double epsilon(double order, double rdp, double delta) {
    if (delta * delta + Math.expm1(-rdp) > 0) {
      return 0;
    }
    if (order <= ORDER_MIN) {
      return Double.POSITIVE_INFINITY;
    }
    double shift = Math.log1p(-1 / order) - (Math.log(delta) + Math.log(order)) / (order - 1);
    return Math.max(0, rdp + shift);
  }
}
