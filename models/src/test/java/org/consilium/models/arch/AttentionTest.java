package org.consilium.models.arch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.consilium.models.engine.EngineSettings;
import org.consilium.models.engine.TensorEngine;
import org.junit.jupiter.api.Test;

class AttentionTest {
  private static final Shape SHAPE = new Shape(2, 3, 7, 5);

  @Test
  void apply_theEnginesOwn_isTheComposedWithItsGradients() throws IOException {
    try (NDManager manager = TensorEngine.manager(EngineSettings.reproducible())) {
      assertThat(EngineCalls.find()).isPresent();

      List<float[]> fused = outputAndGradients(manager, Attention.find());
      List<float[]> composed = outputAndGradients(manager, Attention.composed());

      for (int i = 0; i < fused.size(); i++) {
        assertThat(fused.get(i)).containsExactly(composed.get(i), within(1e-5f));
      }
    }
  }

  @Test
  void apply_aMaskOfAllLaterTokens_leavesTheFirstItsOwnValue() throws IOException {
    try (NDManager manager = TensorEngine.manager(EngineSettings.reproducible())) {
      NDArray x = random(manager, 5);
      float[] later = new float[49];
      for (int i = 0; i < 49; i++) {
        later[i] = i % 7 > i / 7 ? Float.NEGATIVE_INFINITY : 0;
      }
      NDArray mask = manager.create(later, new Shape(7, 7));

      float[] mixed = Attention.find().apply(x, x, x, mask).toFloatArray();

      float[] values = x.toFloatArray();
      for (int d = 0; d < 5; d++) {
        assertThat(mixed[d]).isCloseTo(values[d], within(1e-6f));
      }
    }
  }

  private static List<float[]> outputAndGradients(NDManager manager, Attention attention) {
    List<float[]> found = new ArrayList<>();
    try (NDManager scope = manager.newSubManager();
        GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
      List<NDArray> inputs = List.of(random(scope, 1), random(scope, 2), random(scope, 3));
      inputs.forEach(input -> input.setRequiresGradient(true));
      NDArray mixed = attention.apply(inputs.get(0), inputs.get(1), inputs.get(2), null);
      found.add(mixed.toFloatArray());
      collector.backward(mixed.mul(random(scope, 4)).sum());
      inputs.forEach(input -> found.add(input.getGradient().toFloatArray()));
    }
    return found;
  }

  private static NDArray random(NDManager manager, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] values = new float[(int) SHAPE.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = 4 * random.nextFloat() - 2;
    }
    return manager.create(values, SHAPE);
  }
}
