package org.consilium.coordinator.aggregate.rule;

/**
 * FedNova (Wang et al. 2020, "Tackling the objective inconsistency problem in heterogeneous
 * federated optimization", equation 8): x ← x + η·(Σpₖaₖ)·Σpₖdₖ, where a site sends dₖ = Δₖ/aₖ and
 * aₖ. A common unit of all aₖ cancels. The coordinate that carries aₖ stays as it is.
 *
 * @param rate η; 1 is the paper's
 */
record FedNova(double rate) implements ServerRule {
  void step(Round round, Run run) {
    double factor =
        switch (run.part()) {
          case PARAMETER -> rate * round.steps();
          case STEPS -> 0;
          case CONTROL -> throw new IllegalArgumentException("FedNova has no control variates");
        };
    double[] delta = run.delta();
    for (int i = run.from(); i < run.to(); i++) {
      delta[i] *= factor;
    }
  }
}
