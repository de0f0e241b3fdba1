package org.consilium.models.task;

/**
 * The masked autoencoder's loss (He et al. 2022, section 3): the mean over the hidden patches of
 * the mean squared error of their pixels, which may be normalised patch by patch. In double
 * precision outside the engine.
 *
 * @param channels of the images
 * @param height pixels
 * @param width pixels
 * @param patch edge of a patch, pixels
 * @param target what a hidden patch is compared with
 */
public record MaskedPixels(int channels, int height, int width, int patch, Target target) {
  /** Added to a patch's variance by the original. */
  private static final double EPSILON = 1e-6;

  /**
   * What a hidden patch is compared with.
   *
   * @param normalised whether its mean and (unbiased) variance are taken out
   * @param epsilon added to the variance
   */
  public record Target(boolean normalised, double epsilon) {
    /** The pixels as they are. */
    public static final Target PIXELS = new Target(false, EPSILON);

    /** The original's normalised pixels. */
    public static final Target NORMALISED = new Target(true, EPSILON);
  }

  public MaskedPixels {
    if (channels < 1 || patch < 1 || height % patch != 0 || width % patch != 0) {
      throw new IllegalArgumentException(
          "masked pixels: patches of %d must tile images of %dx%dx%d"
              .formatted(patch, channels, height, width));
    }
  }

  /**
   * A loss and its derivative.
   *
   * @param slope of the loss by every predicted pixel, zero in the patches that were seen
   */
  public record Judged(double loss, float[] slope) {}

  /** Patches of one image. */
  public int patches() {
    return (height / patch) * (width / patch);
  }

  /** Pixels of one patch, all channels. */
  public int pixels() {
    return patch * patch * channels;
  }

  /**
   * Compares a prediction.
   *
   * @param predicted [images, patches, pixels], a patch's pixels row by row, the channel last
   * @param images [images, channels, height, width], normalised as the network saw them
   * @throws IllegalArgumentException if the lengths do not fit
   */
  public Judged judge(float[] predicted, float[] images, PatchMask mask) {
    if (mask.patches() != patches() || predicted.length != mask.images() * patches() * pixels()) {
      throw new IllegalArgumentException(
          "masked pixels: %d images of %d patches of %d values expected, got %d values"
              .formatted(mask.images(), patches(), pixels(), predicted.length));
    }
    double[] wanted = wanted(images, mask.images());
    long hidden = (long) mask.images() * (mask.patches() - mask.kept());
    double share = 1.0 / (hidden * (double) pixels());
    float[] slope = new float[predicted.length];
    double sum = 0;
    for (int image = 0; image < mask.images(); image++) {
      for (int p = 0; p < patches(); p++) {
        if (!mask.hidden(image, p)) {
          continue;
        }
        int from = (image * patches() + p) * pixels();
        for (int i = from; i < from + pixels(); i++) {
          double error = predicted[i] - wanted[i];
          sum += error * error;
          slope[i] = (float) (2 * error * share);
        }
      }
    }
    return new Judged(sum * share, slope);
  }

  /**
   * What should be predicted, laid out like the prediction.
   *
   * @param images [count, channels, height, width]
   */
  public double[] wanted(float[] images, int count) {
    if (images.length != count * channels * height * width) {
      throw new IllegalArgumentException(
          "masked pixels: %d images of %dx%dx%d expected, got %d values"
              .formatted(count, channels, height, width, images.length));
    }
    double[] drawn = new double[images.length];
    int at = 0;
    for (int image = 0; image < count; image++) {
      for (int top = 0; top < height; top += patch) {
        for (int left = 0; left < width; left += patch) {
          copy(images, image, top * width + left, drawn, at);
          if (target.normalised()) {
            normalise(drawn, at, pixels(), target.epsilon());
          }
          at += pixels();
        }
      }
    }
    return drawn;
  }

  private void copy(float[] images, int image, int corner, double[] target, int at) {
    int to = at;
    for (int y = 0; y < patch; y++) {
      for (int x = 0; x < patch; x++) {
        for (int channel = 0; channel < channels; channel++) {
          int plane = (image * channels + channel) * height * width;
          target[to++] = images[plane + corner + y * width + x];
        }
      }
    }
  }

  private static void normalise(double[] values, int at, int length, double epsilon) {
    double sum = 0;
    for (int i = at; i < at + length; i++) {
      sum += values[i];
    }
    double mean = sum / length;
    double squares = 0;
    for (int i = at; i < at + length; i++) {
      squares += (values[i] - mean) * (values[i] - mean);
    }
    double deviation = Math.sqrt(squares / (length - 1) + epsilon);
    for (int i = at; i < at + length; i++) {
      values[i] = (values[i] - mean) / deviation;
    }
  }
}
