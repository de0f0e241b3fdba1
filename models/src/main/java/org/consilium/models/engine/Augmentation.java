package org.consilium.models.engine;

import java.util.SplittableRandom;
import org.consilium.models.data.ImageSet;

/**
 * Random changes of a training image, each a function of the image and its generator. Positions
 * moved in from outside are black. Under {@code image} normalisation the intensity changes come
 * after it, which would otherwise undo them, and are in units of the image's deviation.
 *
 * @param flip whether half of the images are mirrored left to right
 * @param rotation largest angle, radians
 * @param scale largest relative change of size
 * @param shift largest movement, a part of the edge
 * @param gain largest relative change of intensity
 * @param offset largest addition to intensity
 * @param noise largest deviation of added white noise
 */
record Augmentation(
    boolean flip,
    double rotation,
    double scale,
    double shift,
    double gain,
    double offset,
    double noise) {

  private static final Augmentation NONE = new Augmentation(false, 0, 0, 0, 0, 0, 0);
  private static final Augmentation WEAK = new Augmentation(true, 0, 0, 3.0 / 64, 0.10, 0, 0);
  private static final Augmentation STRONG =
      new Augmentation(true, Math.toRadians(12), 0.12, 0.05, 0.15, 0.15, 0.05);

  /** The plan's word for it. */
  static Augmentation of(String name) {
    return switch (name) {
      case "none" -> NONE;
      case "weak" -> WEAK;
      case "strong" -> STRONG;
      default -> throw new IllegalArgumentException("no such augmentation: " + name);
    };
  }

  /** One image, changed and normalised, into {@code into} from {@code at} on. */
  void apply(
      ImageSet images, int index, Preprocessing preprocessing, SplittableRandom random, Target to) {
    geometry(images, index, random, to);
    int length = images.imageLength();
    if (preprocessing.perImage()) {
      preprocessing.normalise(to.values(), to.at(), length);
      intensity(to, length, random);
    } else {
      intensity(to, length, random);
      preprocessing.normalise(to.values(), to.at(), length);
    }
  }

  /** Where an image goes. */
  record Target(float[] values, int at) {}

  private void geometry(ImageSet images, int index, SplittableRandom random, Target to) {
    boolean mirrored = flip && random.nextBoolean();
    double right = shift > 0 ? random.nextDouble(-shift, shift) * images.width() : 0;
    double down = shift > 0 ? random.nextDouble(-shift, shift) * images.height() : 0;
    if (rotation == 0 && scale == 0) {
      move(images, index, mirrored, (int) Math.rint(right), (int) Math.rint(down), to);
      return;
    }
    double angle = random.nextDouble(-rotation, rotation);
    double factor = (1 + random.nextDouble(-scale, scale)) * (mirrored ? -1 : 1);
    double shrink = Math.abs(factor);
    double[] matrix = {
      StrictMath.cos(angle) / factor,
      StrictMath.sin(angle) / factor,
      -StrictMath.sin(angle) / shrink,
      StrictMath.cos(angle) / shrink
    };
    resample(images, index, matrix, right, down, to);
  }

  private static void move(
      ImageSet images, int index, boolean mirrored, int right, int down, Target to) {
    int width = images.width();
    int height = images.height();
    int place = to.at();
    for (int channel = 0; channel < images.channels(); channel++) {
      for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
          int fromX = (mirrored ? width - 1 - x : x) - right;
          int fromY = y - down;
          boolean inside = fromX >= 0 && fromX < width && fromY >= 0 && fromY < height;
          to.values()[place++] =
              inside ? images.pixel(index, (channel * height + fromY) * width + fromX) / 255f : 0f;
        }
      }
    }
  }

  /**
   * Bilinear; {@code matrix} maps a position of the result to one of the image, about the centre.
   */
  private static void resample(
      ImageSet images, int index, double[] matrix, double right, double down, Target to) {
    int width = images.width();
    int height = images.height();
    double middleX = (width - 1) / 2.0;
    double middleY = (height - 1) / 2.0;
    int place = to.at();
    for (int channel = 0; channel < images.channels(); channel++) {
      for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
          double dx = x - middleX - right;
          double dy = y - middleY - down;
          double fromX = middleX + matrix[0] * dx + matrix[1] * dy;
          double fromY = middleY + matrix[2] * dx + matrix[3] * dy;
          to.values()[place++] = bilinear(images, index, channel * height, fromX, fromY);
        }
      }
    }
  }

  private static float bilinear(ImageSet images, int index, int firstRow, double x, double y) {
    int left = (int) Math.floor(x);
    int top = (int) Math.floor(y);
    double sum = 0;
    for (int row = top; row <= top + 1; row++) {
      for (int column = left; column <= left + 1; column++) {
        if (row >= 0 && row < images.height() && column >= 0 && column < images.width()) {
          double weight = (1 - Math.abs(x - column)) * (1 - Math.abs(y - row));
          sum += weight * images.pixel(index, (firstRow + row) * images.width() + column);
        }
      }
    }
    return (float) (sum / 255);
  }

  private void intensity(Target to, int length, SplittableRandom random) {
    float factor = gain > 0 ? (float) (1 + random.nextDouble(-gain, gain)) : 1f;
    float added = offset > 0 ? (float) random.nextDouble(-offset, offset) : 0f;
    double deviation = noise > 0 ? random.nextDouble(noise) : 0;
    float[] values = to.values();
    for (int i = to.at(); i < to.at() + length; i++) {
      values[i] = values[i] * factor + added;
    }
    if (deviation > 0) {
      for (int i = to.at(); i < to.at() + length; i++) {
        values[i] += (float) (deviation * bell(random));
      }
    }
  }

  /** Nearly normal with deviation 1: the sum of four uniforms, enough for image noise and cheap. */
  private static double bell(SplittableRandom random) {
    double sum = random.nextDouble() + random.nextDouble() + random.nextDouble();
    return (sum + random.nextDouble() - 2) * Math.sqrt(3);
  }
}
