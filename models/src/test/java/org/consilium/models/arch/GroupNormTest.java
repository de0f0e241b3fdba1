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
import org.consilium.models.catalog.Catalogue;
import org.consilium.models.engine.EngineSettings;
import org.consilium.models.engine.LocalModel;
import org.consilium.protocol.ModelSpec;
import org.junit.jupiter.api.Test;

final class GroupNormTest {
  private static final int GROUPS = 4;
  private static final Shape BATCH = new Shape(3, 16, 5, 6);

  /** The composed form is checked in its turn by the scalar oracle of the whole network. */
  @Test
  void fused_valuesAndGradients_areThoseOfTheComposedForm() throws IOException {
    try (LocalModel started = started();
        NDManager manager = Engine.getEngine("PyTorch").newBaseManager()) {
      assertThat(started.layout().length()).isPositive();
      List<float[]> fused = run(FusedGroupNorm.find(GROUPS).orElseThrow(), manager);
      List<float[]> composed = run(new ComposedGroupNorm(GROUPS, manager), manager);

      assertThat(fused).hasSize(4);
      for (int i = 0; i < fused.size(); i++) {
        assertThat(fused.get(i)).containsExactly(composed.get(i), within(2e-5f));
      }
    }
  }

  private static LocalModel started() throws IOException {
    ModelSpec spec = new ModelSpec("resnet-gn-tiny", 1, 16, 16, 1, 0);
    LocalModel model = LocalModel.open(spec, EngineSettings.reproducible());
    model.load(Catalogue.require(spec).initial(1));
    return model;
  }

  /** Result, and gradients of batch, scale and shift for a random direction. */
  private static List<float[]> run(GroupNorm norm, NDManager manager) {
    SplittableRandom random = new SplittableRandom(5);
    NDArray x = manager.create(values(random, BATCH.size()), BATCH);
    NDArray scale = manager.create(values(random, 16), new Shape(16));
    NDArray shift = manager.create(values(random, 16), new Shape(16));
    List<NDArray> inputs = List.of(x, scale, shift);
    List<float[]> seen = new ArrayList<>();
    try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
      inputs.forEach(input -> input.setRequiresGradient(true));
      NDArray y = norm.apply(x, scale, shift);
      seen.add(y.toFloatArray());
      collector.backward(y.mul(manager.create(values(random, BATCH.size()), BATCH)).sum());
      inputs.forEach(input -> seen.add(input.getGradient().toFloatArray()));
    }
    return seen;
  }

  private static float[] values(SplittableRandom random, long count) {
    float[] values = new float[(int) count];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextDouble(-1, 1);
    }
    return values;
  }
}
