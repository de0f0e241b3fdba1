package org.consilium.models.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.SplittableRandom;
import org.consilium.models.arch.MaskedAutoencoderNetwork;
import org.consilium.models.arch.Trace;
import org.consilium.models.catalog.MaskedAutoencoder;
import org.consilium.models.data.ImageSet;
import org.consilium.models.task.MaskedPixels;
import org.consilium.models.task.PatchMask;

/**
 * Hidden patches of an image are drawn from the others (He et al. 2022); labels are not looked at.
 * The part that is hidden is less than in the original: sites have few images (Yan et al. 2023,
 * federated masked modelling of medical images).
 */
final class MaskedObjective implements Objective {
  private static final double HIDDEN = 0.6;

  private final LocalModel model;
  private final MaskedAutoencoderNetwork network;
  private final ImageSet images;
  private final Preprocessing preprocessing;
  private final Augmentation augmentation;
  private final MaskedPixels pixels;

  MaskedObjective(
      LocalModel model,
      MaskedAutoencoder architecture,
      MaskedAutoencoderNetwork network,
      ImageSet images,
      TrainingRun run) {
    this.model = model;
    this.network = network;
    this.images = images;
    this.preprocessing = Preprocessing.of(run.plan());
    this.augmentation = Augmentation.of(run.plan().input().augmentation());
    var image = architecture.shape().image();
    this.pixels =
        new MaskedPixels(image.channels(), image.height(), image.width(), image.patch(), true);
  }

  @Override
  public int count() {
    return images.count();
  }

  @Override
  public boolean divisible() {
    return true;
  }

  @Override
  public double pass(NDManager scope, Draw draw, Backward back) {
    int[] places = draw.places();
    int length = images.imageLength();
    float[] values = new float[places.length * length];
    float[] noise = new float[places.length * pixels.patches()];
    for (int i = 0; i < places.length; i++) {
      SplittableRandom random = draw.random().apply(places[i]);
      augmentation.apply(
          images, places[i], preprocessing, random, new Augmentation.Target(values, i * length));
      for (int p = 0; p < pixels.patches(); p++) {
        noise[i * pixels.patches() + p] = (float) random.nextDouble();
      }
    }
    PatchMask mask = mask(noise);
    NDArray drawn =
        network.predict(
            model.batch(scope, values, places.length), mask, model.weights(), Trace.NONE);
    MaskedPixels.Judged judged = pixels.judge(drawn.toFloatArray(), values, mask);
    float share = (float) places.length / draw.share();
    float[] slope = judged.slope();
    for (int i = 0; i < slope.length; i++) {
      slope[i] *= share;
    }
    back.accept(drawn, slope);
    return judged.loss() * places.length;
  }

  @Override
  public NDArray blank(NDManager scope) {
    PatchMask mask = mask(new float[pixels.patches()]);
    NDArray image = model.batch(scope, new float[images.imageLength()], 1);
    return network.predict(image, mask, model.weights(), Trace.NONE);
  }

  private PatchMask mask(float[] noise) {
    return PatchMask.of(noise, pixels.patches(), PatchMask.kept(pixels.patches(), HIDDEN));
  }
}
