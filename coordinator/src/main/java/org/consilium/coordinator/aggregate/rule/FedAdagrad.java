package org.consilium.coordinator.aggregate.rule;

/**
 * FedAdagrad (Reddi et al. 2021, "Adaptive federated optimization", Algorithm 2): as FedAdam, but v
 * ← v + Δ̄², so that steps only get shorter. The paper has β₁ = 0 in its experiments.
 */
record FedAdagrad(double rate, double beta1, double tau) implements ServerRule {
  void step(Run run) {
    double[] delta = run.delta();
    double[] m = run.moments()[0];
    double[] v = run.moments()[1];
    for (int i = run.from(); i < run.to(); i++) {
      m[i] = beta1 * m[i] + (1 - beta1) * delta[i];
      v[i] += delta[i] * delta[i];
      delta[i] = rate * m[i] / (Math.sqrt(v[i]) + tau);
    }
  }
}
