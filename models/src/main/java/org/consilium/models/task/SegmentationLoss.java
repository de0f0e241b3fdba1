package org.consilium.models.task;

/**
 * Losses of whole maps and their slopes. The Dice part is 1 - (2 Σpy + s) / (Σp + Σy + s) for each
 * image and class, s = 1e-5, averaged over the classes (F. Milletari et al., "V-Net", 3DV 2016, in
 * MONAI's default form); the cross-entropy is averaged over the pixels. Both have weight 1.
 */
public enum SegmentationLoss {
  /** One logit map: binary cross-entropy plus Dice of the sigmoid. */
  BINARY_DICE_CE(1, 1),
  /** A map a class, the background's too: Dice of the softmax. */
  DICE(0, 1),
  /** The same with Σp² + Σy² below. */
  DICE_SQUARED(0, 2),
  /** Cross-entropy plus Dice of the softmax. */
  DICE_CE(1, 1);

  private static final double SMOOTHING = 1e-5;

  private final double entropyWeight;
  private final int power;

  SegmentationLoss(double entropyWeight, int power) {
    this.entropyWeight = entropyWeight;
    this.power = power;
  }

  /**
   * Size of a batch.
   *
   * @param examples number of images
   * @param classes number of logit maps of each
   * @param pixels of one map
   */
  public record Maps(int examples, int classes, int pixels) {
    public Maps {
      if (examples < 1 || classes < 1 || pixels < 1) {
        throw new IllegalArgumentException(
            "maps need an image, a class and a pixel or more, got %d, %d and %d"
                .formatted(examples, classes, pixels));
      }
    }
  }

  /** Logits, labels and where the slope goes. */
  private record Batch(float[] logits, int[] labels, float[] slope, Maps maps) {}

  /**
   * Sum of the images' losses.
   *
   * @param logits [examples, classes, pixels]
   * @param labels [examples, pixels], from 0; with one map 0 or 1
   * @param slope gets the derivative of (sum of losses / {@code share}) by each logit
   * @param maps sizes
   * @param share images of the whole step, of which these may be a part
   * @throws IllegalArgumentException if a length or a label does not fit the sizes
   */
  public double sum(float[] logits, int[] labels, float[] slope, Maps maps, int share) {
    int values = Math.multiplyExact(maps.examples() * maps.classes(), maps.pixels());
    if (logits.length != values
        || slope.length != values
        || labels.length != maps.examples() * maps.pixels()) {
      throw new IllegalArgumentException(
          "segmentation loss: %d logits, %d slopes and %d labels do not fit %s"
              .formatted(logits.length, slope.length, labels.length, maps));
    }
    if (this == BINARY_DICE_CE != (maps.classes() == 1)) {
      throw new IllegalArgumentException(
          "segmentation loss: %s does not take %d map(s)".formatted(this, maps.classes()));
    }
    int labelsEnd = Math.max(2, maps.classes());
    for (int label : labels) {
      if (label < 0 || label >= labelsEnd) {
        throw new IllegalArgumentException(
            "segmentation loss: label %d, 0 to %d are legal".formatted(label, labelsEnd - 1));
      }
    }
    Batch batch = new Batch(logits, labels, slope, maps);
    double sum = 0;
    for (int example = 0; example < maps.examples(); example++) {
      sum += one(batch, example, share);
    }
    return sum;
  }

  private double one(Batch batch, int example, int share) {
    int classes = batch.maps().classes();
    int pixels = batch.maps().pixels();
    double[] shares = new double[classes * pixels];
    double entropy =
        classes == 1 ? sigmoid(batch, example, shares) : softmax(batch, example, shares);
    double[] slopes = new double[shares.length];
    double dice = 0;
    for (int c = 0; c < classes; c++) {
      dice += dice(batch, example, c, shares, slopes);
    }
    int first = example * classes * pixels;
    for (int i = 0; i < pixels; i++) {
      int label = batch.labels()[example * pixels + i];
      double mean = 0;
      for (int c = 0; c < classes; c++) {
        mean += slopes[c * pixels + i] * shares[c * pixels + i];
      }
      for (int c = 0; c < classes; c++) {
        int at = c * pixels + i;
        boolean wanted = classes == 1 ? label == 1 : label == c;
        double bend = classes == 1 ? slopes[at] * (1 - shares[at]) : slopes[at] - mean;
        double total =
            bend * shares[at] / classes + entropyWeight * (shares[at] - (wanted ? 1 : 0)) / pixels;
        batch.slope()[first + at] = (float) (total / share);
      }
    }
    return dice / classes + entropyWeight * entropy / pixels;
  }

  /** Fills one class's slopes by its probabilities and returns its Dice loss. */
  private double dice(Batch batch, int example, int c, double[] shares, double[] slopes) {
    int pixels = batch.maps().pixels();
    int wanted = batch.maps().classes() == 1 ? 1 : c;
    double common = 0;
    double ours = 0;
    double theirs = 0;
    for (int i = 0; i < pixels; i++) {
      double p = shares[c * pixels + i];
      boolean inside = batch.labels()[example * pixels + i] == wanted;
      ours += power == 2 ? p * p : p;
      theirs += inside ? 1 : 0;
      common += inside ? p : 0;
    }
    double above = 2 * common + SMOOTHING;
    double below = ours + theirs + SMOOTHING;
    for (int i = 0; i < pixels; i++) {
      boolean inside = batch.labels()[example * pixels + i] == wanted;
      double growth = power == 2 ? 2 * shares[c * pixels + i] : 1;
      slopes[c * pixels + i] = ((inside ? -2 * below : 0) + above * growth) / (below * below);
    }
    return 1 - above / below;
  }

  /** Fills the probabilities of one map and returns the sum of its cross-entropies. */
  private static double sigmoid(Batch batch, int example, double[] shares) {
    int pixels = batch.maps().pixels();
    double sum = 0;
    for (int i = 0; i < pixels; i++) {
      double logit = batch.logits()[example * pixels + i];
      double fall = StrictMath.exp(-Math.abs(logit));
      shares[i] = logit >= 0 ? 1 / (1 + fall) : fall / (1 + fall);
      int label = batch.labels()[example * pixels + i];
      sum += Math.max(logit, 0) - logit * label + StrictMath.log1p(fall);
    }
    return sum;
  }

  private static double softmax(Batch batch, int example, double[] shares) {
    int classes = batch.maps().classes();
    int pixels = batch.maps().pixels();
    int first = example * classes * pixels;
    double sum = 0;
    for (int i = 0; i < pixels; i++) {
      double top = Double.NEGATIVE_INFINITY;
      for (int c = 0; c < classes; c++) {
        top = Math.max(top, batch.logits()[first + c * pixels + i]);
      }
      double total = 0;
      for (int c = 0; c < classes; c++) {
        shares[c * pixels + i] = StrictMath.exp(batch.logits()[first + c * pixels + i] - top);
        total += shares[c * pixels + i];
      }
      for (int c = 0; c < classes; c++) {
        shares[c * pixels + i] /= total;
      }
      int label = batch.labels()[example * pixels + i];
      sum += StrictMath.log(total) + top - batch.logits()[first + label * pixels + i];
    }
    return sum;
  }
}
