package org.consilium.coordinator.aggregate;

import org.consilium.coordinator.aggregate.rule.ServerRule;
import org.consilium.models.federated.RoundLayout;
import org.consilium.models.params.ParameterLayout;
import org.consilium.security.fixed.FixedTerms;

/** Rounds of a rule on whole vectors in memory: the oracle of the streamed ones. */
final class WholeVector {
  private final ServerRule rule;
  private final ParameterLayout layout;
  private final float[] parameters;
  private final float[][] moments;
  private int number;

  WholeVector(ServerRule rule, ParameterLayout layout, float[] start) {
    this.rule = rule;
    this.layout = layout;
    this.parameters = start.clone();
    this.moments = new float[rule.moments()][start.length];
  }

  float[] parameters() {
    return parameters;
  }

  float[][] moments() {
    return moments;
  }

  void round(SpoolFixture spools, FixedTerms terms, int exponent, int sites) {
    number++;
    double[] delta = new double[parameters.length];
    double unit = Math.scalb(1.0, -terms.scaleExponent(exponent));
    for (int i = 0; i < delta.length; i++) {
      long sum = 0;
      for (int[] vector : spools.vectors()) {
        sum += vector[i];
      }
      delta[i] = (double) sum / spools.weightSum() * unit;
    }
    boolean nova = RoundLayout.part(layout.tensors().getLast().name()) == RoundLayout.Part.STEPS;
    double steps = nova ? delta[delta.length - 1] : 1;
    var round = new ServerRule.Round(number, spools.deltas().size(), sites, steps);
    double[][] state = new double[moments.length][delta.length];
    for (int m = 0; m < state.length; m++) {
      for (int i = 0; i < delta.length; i++) {
        state[m][i] = number == 1 ? rule.start(m) : moments[m][i];
      }
    }
    for (int t = 0; t < layout.tensors().size(); t++) {
      int from = Math.toIntExact(layout.offset(t));
      int to = Math.toIntExact(layout.offset(t + 1));
      var part = RoundLayout.part(layout.tensors().get(t).name());
      rule.apply(round, new ServerRule.Run(part, delta, state, from, to));
    }
    for (int i = 0; i < delta.length; i++) {
      parameters[i] = (float) (parameters[i] + delta[i]);
    }
    for (int m = 0; m < state.length; m++) {
      for (int i = 0; i < delta.length; i++) {
        moments[m][i] = (float) state[m][i];
      }
    }
  }
}
