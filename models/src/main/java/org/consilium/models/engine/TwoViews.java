package org.consilium.models.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.consilium.models.arch.ContrastiveNetwork;
import org.consilium.models.arch.DualEncoderNetwork;
import org.consilium.models.arch.Trace;
import org.consilium.models.data.ImageSet;
import org.consilium.models.task.ContrastiveLoss;
import org.consilium.protocol.Training;

/**
 * Two augmented views of each image are to be found alike among all others of the batch (T. Chen et
 * al., "A Simple Framework for Contrastive Learning of Visual Representations", ICML 2020).
 */
public final class TwoViews {
  /** τ of NT-Xent. */
  static final double TEMPERATURE = 0.2;

  private final LocalModel model;
  private final ContrastiveNetwork network;
  private final ImageSet images;
  private final Preprocessing preprocessing;
  private final Augmentation augmentation;

  TwoViews(LocalModel model, ImageSet images, Training plan) {
    if (!(model.network() instanceof ContrastiveNetwork contrastive)) {
      throw new IllegalArgumentException(
          "two views: %s has no projector".formatted(model.architecture().spec().architecture()));
    }
    this.model = model;
    this.network = contrastive;
    this.images = images;
    this.preprocessing = Preprocessing.of(plan);
    this.augmentation = Augmentation.of(plan.input().augmentation());
  }

  /**
   * How badly a model finds the two views of each image together, in batches of the plan's size
   * with views from {@code seed}.
   *
   * @return one loss an image, that of its batch
   * @throws IllegalArgumentException if the model has no projector or takes other images
   */
  public static double[] losses(LocalModel model, ImageSet images, Training plan, long seed) {
    TwoViews views = new TwoViews(model, images, plan);
    Inputs.requireShape(images, model.architecture().spec());
    double[] losses = new double[images.count()];
    int from = 0;
    while (from < losses.length) {
      int to = Math.min(losses.length, from + plan.batchSize());
      SplittableRandom[] random =
          IntStream.range(from, to)
              .mapToObj(i -> new SplittableRandom(seed + i * 0x9E3779B97F4A7C15L))
              .toArray(SplittableRandom[]::new);
      try (NDManager scope = model.manager().newSubManager()) {
        NDArray projected = views.project(scope, IntStream.range(from, to).toArray(), random);
        Arrays.fill(losses, from, to, judge(projected.toFloatArray(), to - from).loss());
      }
      from = to;
    }
    return losses;
  }

  /** Unit vectors of both views, [2 · images, P]: all first views, then all second ones. */
  NDArray project(NDManager scope, int[] places, SplittableRandom[] random) {
    int length = images.imageLength();
    float[] values = new float[2 * places.length * length];
    for (int view = 0; view < 2; view++) {
      for (int i = 0; i < places.length; i++) {
        int at = (view * places.length + i) * length;
        Augmentation.Target target = new Augmentation.Target(values, at);
        augmentation.apply(images, places[i], preprocessing, random[i], target);
      }
    }
    return project(scope, values, 2 * places.length);
  }

  /** Unit vectors of normalised pixels. */
  NDArray project(NDManager scope, float[] values, int count) {
    NDArray batch = model.batch(scope, values, count);
    NDArray embedding = network.embed(batch, model.weights(), Trace.NONE);
    return DualEncoderNetwork.normalised(network.project(embedding, model.weights()));
  }

  /**
   * The loss of a batch.
   *
   * @param projected as {@link #project} gives them
   */
  static ContrastiveLoss.Slopes judge(float[] projected, int images) {
    double[] wide = new double[projected.length];
    Arrays.setAll(wide, i -> projected[i]);
    int half = wide.length / 2;
    double[] first = Arrays.copyOf(wide, half);
    double[] second = Arrays.copyOfRange(wide, half, wide.length);
    return ContrastiveLoss.twoViews(new ContrastiveLoss.Pairs(first, second, images), TEMPERATURE);
  }
}
