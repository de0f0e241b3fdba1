package org.consilium.site.ledger.privacy;

/**
 * How much of somebody's privacy may be spent, ever.
 *
 * @param epsilon ε in nats, in (0, 50]
 * @param delta δ, in (0, 1e-3]: less than one over the number of patients
 */
public record PrivacyBudget(double epsilon, double delta) {
  /** Refuses what protects nobody. */
  public PrivacyBudget {
    if (!(epsilon > 0 && epsilon <= 50)) {
      throw new IllegalArgumentException("epsilon must be in (0, 50], got " + epsilon);
    }
    if (!(delta > 0 && delta <= 1e-3)) {
      throw new IllegalArgumentException("delta must be in (0, 0.001], got " + delta);
    }
  }
}
