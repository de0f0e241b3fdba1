package org.consilium.models.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.FloatBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;

class AdamWTest {

  @Test
  void step_twice_givesTheHandWorkedWeights() {
    // w 1, decay .1, rate .1. Step 1, g .5: m .05, v .00025, both corrected .5 and .25;
    // w = 1*.99 - .1*.5/.5 = .89. Step 2, g -.25: m .02, corrected .02/.19 = .1052632; v .00031225,
    // corrected /.001999 = .1562031, root .3952254; w = .89*.99 - .1*.1052632/.3952254 = .8544663.
    Weights weights = new Weights(1f);
    AdamW optimiser = weights.optimiser(true, 0.1, 0, 0);

    weights.step(optimiser, 0.1, 0.5f);
    assertThat(weights.values.get(0)).isCloseTo(0.89f, within(1e-6f));

    weights.step(optimiser, 0.1, -0.25f);
    assertThat(weights.values.get(0)).isCloseTo(0.8544663f, within(1e-6f));
    assertThat(weights.gradient.get(0)).isZero();
  }

  @Test
  void step_onATensorOfOneDimension_doesNotDecay() {
    Weights weights = new Weights(1f);
    AdamW optimiser = weights.optimiser(false, 0.1, 0, 0);

    weights.step(optimiser, 0.1, 0.5f);

    assertThat(weights.values.get(0)).isCloseTo(0.9f, within(1e-6f));
  }

  @Test
  void step_gradientLongerThanTheBound_isScaledAsAWhole() {
    // Norm 5 against a bound of 1: (3, 4) acts as (.6, .8), which the second step's moments show.
    Weights bounded = new Weights(0f, 0f);
    Weights free = new Weights(0f, 0f);
    AdamW one = bounded.optimiser(true, 0, 1, 0);
    AdamW other = free.optimiser(true, 0, 0, 0);

    double norm = bounded.step(one, 0.1, 3f, 4f);
    bounded.step(one, 0.1, 0.1f, -0.2f);
    free.step(other, 0.1, 0.6f, 0.8f);
    free.step(other, 0.1, 0.1f, -0.2f);

    assertThat(norm).isEqualTo(5);
    assertThat(bounded.values.get(0)).isCloseTo(free.values.get(0), within(1e-6f));
    assertThat(bounded.values.get(1)).isCloseTo(free.values.get(1), within(1e-6f));
  }

  @Test
  void step_withBetasOfZero_isTheSignOfTheGradient() {
    // m = g, v = g²: the step is rate·g/(|g| + eps), whatever came before.
    Weights weights = new Weights(0f, 0f);
    AdamW optimiser = weights.optimiser(new AdamW.Settings(0, 0, new AdamW.Moments(0, 0, 1)), 0);

    weights.step(optimiser, 0.1, 1f, -3f);
    weights.step(optimiser, 0.1, 0f, 1f);

    assertThat(weights.values.get(0)).isCloseTo(-0.05f, within(1e-7f));
    assertThat(weights.values.get(1)).isCloseTo(0.075f - 0.05f, within(1e-7f));
  }

  @Test
  void gradientNorm_withProximalTerm_countsThePullToTheStart() {
    // Start 1, moved to 3, mu .5: the gradient .25 becomes .25 + .5*2 = 1.25.
    Weights weights = new Weights(1f);
    AdamW optimiser = weights.optimiser(true, 0, 0, 0.5);
    weights.values.put(0, 3f);
    weights.gradient.put(0, 0.25f);

    assertThat(optimiser.gradientNorm()).isEqualTo(1.25);
  }

  /** One tensor in plain memory. */
  private static final class Weights {
    final FloatBuffer values;
    final FloatBuffer gradient;

    Weights(float... start) {
      values = FloatBuffer.wrap(start.clone());
      gradient = FloatBuffer.allocate(start.length);
    }

    AdamW optimiser(boolean decayed, double decay, double clip, double proximal) {
      return optimiser(decayed, new AdamW.Settings(decay, clip, AdamW.Moments.USUAL), proximal);
    }

    AdamW optimiser(AdamW.Settings settings, double proximal) {
      return optimiser(true, settings, proximal);
    }

    private AdamW optimiser(boolean decayed, AdamW.Settings settings, double proximal) {
      List<Optimiser.Trained> tensors =
          List.of(
              new Optimiser.Trained(
                  new TensorStorage.Host(values),
                  new TensorStorage.Host(gradient),
                  values.capacity(),
                  decayed,
                  1));
      PulledGradient pulled = new PulledGradient(tensors, proximal);
      return new AdamW(tensors, settings, pulled);
    }

    double step(AdamW optimiser, double rate, float... slope) {
      gradient.put(0, slope);
      double norm = optimiser.gradientNorm();
      optimiser.step(rate, norm);
      return norm;
    }
  }
}
