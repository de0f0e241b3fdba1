package org.consilium.models.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.FloatBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;

class SgdTest {
  @Test
  void step_twiceWithMomentumAndDecay_givesTheHandWorkedWeights() {
    // w 1, decay .1, momentum .9, rate .1. Step 1: g .5 + .1*1 = .6, v .6, w = 1 - .06 = .94.
    // Step 2: g -.25 + .094 = -.156, v .54 - .156 = .384, w = .94 - .0384 = .9016.
    FloatBuffer weight = FloatBuffer.wrap(new float[] {1});
    FloatBuffer gradient = FloatBuffer.allocate(1);
    Sgd optimiser = optimiser(weight, gradient, new Sgd.Settings(0.9, false, 0.1, 0));

    step(optimiser, gradient, 0.5f);
    assertThat(weight.get(0)).isCloseTo(0.94f, within(1e-6f));
    step(optimiser, gradient, -0.25f);

    assertThat(weight.get(0)).isCloseTo(0.9016f, within(1e-6f));
    assertThat(gradient.get(0)).isZero();
  }

  @Test
  void step_nesterov_looksAheadByTheMomentum() {
    // g .6 as above, v .6, step .6 + .9*.6 = 1.14: w = 1 - .114 = .886.
    FloatBuffer weight = FloatBuffer.wrap(new float[] {1});
    FloatBuffer gradient = FloatBuffer.allocate(1);
    Sgd optimiser = optimiser(weight, gradient, new Sgd.Settings(0.9, true, 0.1, 0));

    step(optimiser, gradient, 0.5f);

    assertThat(weight.get(0)).isCloseTo(0.886f, within(1e-6f));
  }

  @Test
  void step_plainWithABoundOnTheNorm_movesByRateTimesBound() {
    FloatBuffer weights = FloatBuffer.wrap(new float[] {0, 0});
    FloatBuffer gradient = FloatBuffer.allocate(2);
    Sgd optimiser = optimiser(weights, gradient, new Sgd.Settings(0, false, 0, 1));

    step(optimiser, gradient, 3f, 4f);

    assertThat(weights.get(0)).isCloseTo(-0.06f, within(1e-7f));
    assertThat(weights.get(1)).isCloseTo(-0.08f, within(1e-7f));
  }

  private static void step(Sgd optimiser, FloatBuffer gradient, float... slope) {
    gradient.put(0, slope);
    optimiser.step(0.1, optimiser.gradientNorm());
  }

  private static Sgd optimiser(FloatBuffer weights, FloatBuffer gradient, Sgd.Settings settings) {
    List<Optimiser.Trained> tensors =
        List.of(
            new Optimiser.Trained(
                new TensorStorage.Host(weights),
                new TensorStorage.Host(gradient),
                weights.capacity(),
                true,
                1));
    return new Sgd(tensors, settings, new PulledGradient(tensors, 0));
  }
}
