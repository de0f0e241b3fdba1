package org.consilium.models.arch;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.consilium.models.catalog.Architecture;
import org.consilium.models.catalog.Catalogue;
import org.consilium.models.engine.EngineSettings;
import org.consilium.models.engine.TensorEngine;
import org.consilium.models.metrics.Mask;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.TensorSpec;
import org.consilium.models.task.SegmentationLoss;
import org.consilium.protocol.ModelSpec;
import org.junit.jupiter.api.Test;

/** Reference folders check the numbers; here the networks learn. */
final class SegmentationNetworkTest {
  private static final int IMAGES = 4;

  @Test
  void unetGn_trainedOnAFewBlobs_findsThem() throws IOException {
    assertThat(diceAfter("unet-gn", 32, 40)).isGreaterThan(0.95);
  }

  @Test
  void unetrSmall_trainedOnAFewBlobs_findsThem() throws IOException {
    assertThat(diceAfter("unetr-small", 32, 40)).isGreaterThan(0.9);
  }

  @Test
  void everyNetwork_onATile_givesAMapAClass() throws IOException {
    try (NDManager manager = TensorEngine.manager(EngineSettings.reproducible())) {
      for (String name : List.of("unet-gn", "unet-basic", "unet-res", "unetr-small")) {
        Architecture model = Catalogue.require(new ModelSpec(name, 1, 32, 48, 3, 0));
        NDArray images = manager.ones(new Shape(2, 1, 32, 48));
        NDArray maps =
            Network.of(model, manager)
                .logits(images, Weights.of(start(model, manager)), Trace.NONE);
        assertThat(maps.getShape()).as(name).isEqualTo(new Shape(2, 3, 32, 48));
      }
    }
  }

  /** Dice of all images together after {@code steps} of Adam on all of them at once. */
  private static double diceAfter(String name, int edge, int steps) throws IOException {
    try (NDManager manager = TensorEngine.manager(EngineSettings.reproducible())) {
      Architecture model = Catalogue.require(new ModelSpec(name, 1, edge, edge, 1, 0));
      Map<String, NDArray> parameters = start(model, manager);
      int[] labels = new int[IMAGES * edge * edge];
      float[] pixels = blobs(edge, labels);
      Network network = Network.of(model, manager);
      Map<String, float[][]> moments = new LinkedHashMap<>();
      for (int step = 1; step <= steps; step++) {
        try (NDManager scope = manager.newSubManager()) {
          NDArray images = scope.create(pixels, new Shape(IMAGES, 1, edge, edge));
          step(network, parameters, images, labels);
        }
        for (Map.Entry<String, NDArray> each : parameters.entrySet()) {
          adam(each.getKey(), each.getValue(), moments, step);
        }
      }
      NDArray images = manager.create(pixels, new Shape(IMAGES, 1, edge, edge));
      float[] maps = network.logits(images, Weights.of(parameters), Trace.NONE).toFloatArray();
      boolean[] ours = new boolean[maps.length];
      boolean[] theirs = new boolean[maps.length];
      for (int i = 0; i < maps.length; i++) {
        ours[i] = maps[i] > 0;
        theirs[i] = labels[i] == 1;
      }
      int rows = IMAGES * edge;
      return Mask.dice(new Mask(rows, edge, ours), new Mask(rows, edge, theirs)).orElseThrow();
    }
  }

  private static void step(
      Network network, Map<String, NDArray> parameters, NDArray images, int[] labels) {
    try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
      parameters.values().forEach(parameter -> parameter.setRequiresGradient(true));
      collector.zeroGradients();
      NDArray maps = network.logits(images, Weights.of(parameters), Trace.NONE);
      float[] logits = maps.toFloatArray();
      float[] slope = new float[logits.length];
      var sizes = new SegmentationLoss.Maps(IMAGES, 1, labels.length / IMAGES);
      double loss = SegmentationLoss.BINARY_DICE_CE.sum(logits, labels, slope, sizes, IMAGES);
      assertThat(loss).isFinite();
      collector.backward(maps.mul(images.getManager().create(slope, maps.getShape())).sum());
    }
  }

  /** D. Kingma, J. Ba 2015, with a rate of 0.003. */
  private static void adam(
      String name, NDArray parameter, Map<String, float[][]> moments, int step) {
    float[] gradient = parameter.getGradient().toFloatArray();
    float[] values = parameter.toFloatArray();
    float[][] both = moments.computeIfAbsent(name, _ -> new float[2][values.length]);
    for (int i = 0; i < values.length; i++) {
      both[0][i] = 0.9f * both[0][i] + 0.1f * gradient[i];
      both[1][i] = 0.999f * both[1][i] + 0.001f * gradient[i] * gradient[i];
      double mean = both[0][i] / (1 - Math.pow(0.9, step));
      double square = both[1][i] / (1 - Math.pow(0.999, step));
      values[i] -= (float) (0.003 * mean / (Math.sqrt(square) + 1e-8));
    }
    parameter.setRequiresGradient(false);
    parameter.set(values);
  }

  private static Map<String, NDArray> start(Architecture model, NDManager manager)
      throws IOException {
    ParameterLayout layout = model.layout();
    Map<String, NDArray> arrays = new LinkedHashMap<>();
    for (int t = 0; t < layout.tensors().size(); t++) {
      TensorSpec tensor = layout.tensors().get(t);
      float[] values = new float[(int) tensor.length()];
      model.initial(9).read(layout.offset(t), values, 0, values.length);
      long[] shape = tensor.shape().stream().mapToLong(Integer::longValue).toArray();
      arrays.put(tensor.name(), manager.create(values, new Shape(shape)));
    }
    return arrays;
  }

  /** Bright discs on noise. */
  private static float[] blobs(int edge, int[] labels) {
    SplittableRandom random = new SplittableRandom(21);
    float[] pixels = new float[IMAGES * edge * edge];
    for (int image = 0; image < IMAGES; image++) {
      double row = random.nextDouble(8, edge - 8);
      double column = random.nextDouble(8, edge - 8);
      double radius = random.nextDouble(3, 7);
      for (int i = 0; i < edge * edge; i++) {
        int down = i / edge;
        boolean inside = Math.hypot(down - row, i % edge - column) < radius;
        int at = image * edge * edge + i;
        labels[at] = inside ? 1 : 0;
        pixels[at] = (float) (random.nextDouble(-1, 1) + (inside ? 1.5 : 0));
      }
    }
    return pixels;
  }
}
