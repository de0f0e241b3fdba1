package org.consilium.coordinator.aggregate.rule;

/**
 * FedYogi (Reddi et al. 2021, "Adaptive federated optimization", Algorithm 2): as FedAdam, but v ←
 * v − (1 − β₂)Δ̄²·sign(v − Δ̄²), which moves v by no more than the new square.
 */
record FedYogi(double rate, double beta1, double beta2, double tau) implements ServerRule {
  void step(Run run) {
    double[] delta = run.delta();
    double[] m = run.moments()[0];
    double[] v = run.moments()[1];
    for (int i = run.from(); i < run.to(); i++) {
      double square = delta[i] * delta[i];
      m[i] = beta1 * m[i] + (1 - beta1) * delta[i];
      v[i] -= (1 - beta2) * square * Math.signum(v[i] - square);
      delta[i] = rate * m[i] / (Math.sqrt(v[i]) + tau);
    }
  }
}
