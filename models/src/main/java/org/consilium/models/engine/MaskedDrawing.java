package org.consilium.models.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.consilium.models.arch.MaskedAutoencoderNetwork;
import org.consilium.models.arch.Trace;
import org.consilium.models.catalog.MaskedAutoencoder;
import org.consilium.models.data.ImageSet;
import org.consilium.models.task.MaskedPixels;
import org.consilium.models.task.PatchMask;

/** A masked autoencoder at work on images, some of whose patches it does not see. */
final class MaskedDrawing {
  /**
   * Part of the patches that is hidden; less than in the original: sites have few images (Yan et
   * al. 2023, federated masked modelling of medical images).
   */
  private static final double HIDDEN = 0.6;

  /**
   * Added to a patch's variance, in squares of normalised grey levels. The original's 1e-6 makes a
   * flat patch as important as any other, and most of a medical image is a flat background: what is
   * asked for there is noise, which nothing can draw (bench/RESULTS.md).
   */
  private static final double FLAT = 0.05;

  private final LocalModel model;
  private final MaskedAutoencoderNetwork network;
  private final MaskedPixels pixels;

  private MaskedDrawing(
      LocalModel model, MaskedAutoencoder architecture, MaskedAutoencoderNetwork network) {
    this.model = model;
    this.network = network;
    var image = architecture.shape().image();
    this.pixels =
        new MaskedPixels(
            image.channels(),
            image.height(),
            image.width(),
            image.patch(),
            new MaskedPixels.Target(true, FLAT));
  }

  /**
   * A model at work.
   *
   * @throws IllegalArgumentException if it is no masked autoencoder
   */
  static MaskedDrawing of(LocalModel model) {
    if (model.network() instanceof MaskedAutoencoderNetwork masked
        && model.architecture() instanceof MaskedAutoencoder autoencoder) {
      return new MaskedDrawing(model, autoencoder, masked);
    }
    throw new IllegalArgumentException(
        "draw: %s is no masked autoencoder".formatted(model.architecture().spec().architecture()));
  }

  MaskedPixels pixels() {
    return pixels;
  }

  /** A mask from one generator an image. */
  PatchMask mask(SplittableRandom... images) {
    float[] noise = new float[images.length * pixels.patches()];
    for (int i = 0; i < noise.length; i++) {
      noise[i] = (float) images[i / pixels.patches()].nextDouble();
    }
    return PatchMask.of(noise, pixels.patches(), PatchMask.kept(pixels.patches(), HIDDEN));
  }

  NDArray draw(NDManager scope, float[] values, PatchMask mask) {
    return network.predict(
        model.batch(scope, values, mask.images()), mask, model.weights(), Trace.NONE);
  }

  double[] losses(ImageSet images, Preprocessing preprocessing, long seed) {
    double[] losses = new double[images.count()];
    for (int i = 0; i < losses.length; i++) {
      float[] values = Inference.normalised(images, preprocessing, i, 1);
      PatchMask mask = mask(new SplittableRandom(seed + i * 0x9E3779B97F4A7C15L));
      try (NDManager scope = model.manager().newSubManager()) {
        float[] drawn = draw(scope, values, mask).toFloatArray();
        losses[i] = pixels.judge(drawn, Arrays.copyOf(values, values.length), mask).loss();
      }
    }
    return losses;
  }
}
