package org.consilium.coordinator.aggregate.rule;

/**
 * FedAvg (McMahan et al. 2017, "Communication-efficient learning of deep networks from
 * decentralized data", Algorithm 1): x ← x + ηΔ̄.
 *
 * @param rate η; 1 is the paper's
 */
record FedAvg(double rate) implements ServerRule {
  void step(Run run) {
    double[] delta = run.delta();
    for (int i = run.from(); i < run.to(); i++) {
      delta[i] *= rate;
    }
  }
}
