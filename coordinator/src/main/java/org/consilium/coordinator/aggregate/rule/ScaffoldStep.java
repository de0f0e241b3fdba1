package org.consilium.coordinator.aggregate.rule;

/**
 * SCAFFOLD's server step (Karimireddy et al. 2020, Algorithm 1, lines 16 and 17): x ← x +
 * η/|S|·Σ(yₖ − x); c ← c + 1/N·Σ(cₖ′ − cₖ), which is |S|/N times the mean of what came.
 *
 * @param rate η, the global learning rate
 */
record ScaffoldStep(double rate) implements ServerRule {
  void step(Round round, Run run) {
    double factor =
        switch (run.part()) {
          case PARAMETER -> rate;
          case CONTROL -> (double) round.participants() / round.sites();
          case STEPS -> throw new IllegalArgumentException("SCAFFOLD sends no normaliser");
        };
    double[] delta = run.delta();
    for (int i = run.from(); i < run.to(); i++) {
      delta[i] *= factor;
    }
  }
}
