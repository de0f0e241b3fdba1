package org.consilium.coordinator.aggregate.rule;

/**
 * FedAvgM (Hsu et al. 2019, "Measuring the effects of non-identical data distribution for federated
 * visual classification"): m ← βm + Δ̄; x ← x + ηm.
 */
record FedAvgM(double rate, double beta) implements ServerRule {
  void step(Run run) {
    double[] delta = run.delta();
    double[] m = run.moments()[0];
    for (int i = run.from(); i < run.to(); i++) {
      m[i] = beta * m[i] + delta[i];
      delta[i] = rate * m[i];
    }
  }
}
