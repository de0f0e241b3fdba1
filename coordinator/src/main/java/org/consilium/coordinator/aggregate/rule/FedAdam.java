package org.consilium.coordinator.aggregate.rule;

/**
 * FedAdam (Reddi et al. 2021, "Adaptive federated optimization", Algorithm 2): m ← β₁m + (1 −
 * β₁)Δ̄; v ← β₂v + (1 − β₂)Δ̄²; x ← x + ηm/(√v + τ).
 *
 * @param corrected whether η is multiplied by √(1 − β₂ᵗ)/(1 − β₁ᵗ) in round t, as Adam does for
 *     moments that start at 0; the paper does not
 */
record FedAdam(double rate, double beta1, double beta2, double tau, boolean corrected)
    implements ServerRule {
  void step(Round round, Run run) {
    double[] delta = run.delta();
    double[] m = run.moments()[0];
    double[] v = run.moments()[1];
    double factor = corrected ? rate * correction(round.number()) : rate;
    for (int i = run.from(); i < run.to(); i++) {
      m[i] = beta1 * m[i] + (1 - beta1) * delta[i];
      v[i] = beta2 * v[i] + (1 - beta2) * delta[i] * delta[i];
      delta[i] = factor * m[i] / (Math.sqrt(v[i]) + tau);
    }
  }

  private double correction(int t) {
    return Math.sqrt(1 - StrictMath.pow(beta2, t)) / (1 - StrictMath.pow(beta1, t));
  }
}
