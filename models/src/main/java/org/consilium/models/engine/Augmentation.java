package org.consilium.models.engine;

import java.util.SplittableRandom;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.LabelledMasks;

/**
 * Random changes of a training image, each a function of the image and its generator. Positions
 * moved in from outside are black. Under {@code image} normalisation the intensity changes come
 * after it, which would otherwise undo them, and are in units of the image's deviation.
 *
 * @param flip whether half of the images are mirrored left to right
 * @param turns whether square images are turned by quarters
 * @param rotation largest angle, radians
 * @param scale largest relative change of size
 * @param shift largest movement, a part of the edge
 * @param gain largest relative change of intensity
 * @param offset largest addition to intensity
 * @param noise largest deviation of added white noise
 */
record Augmentation(
    boolean flip,
    boolean turns,
    double rotation,
    double scale,
    double shift,
    double gain,
    double offset,
    double noise) {

  private static final Augmentation NONE = new Augmentation(false, false, 0, 0, 0, 0, 0, 0);
  private static final Augmentation WEAK =
      new Augmentation(true, false, 0, 0, 3.0 / 64, 0.10, 0, 0);
  private static final Augmentation STRONG =
      new Augmentation(true, false, Math.toRadians(12), 0.12, 0.05, 0.15, 0.15, 0.05);
  private static final Augmentation UPRIGHT =
      new Augmentation(false, false, Math.toRadians(10), 0.10, 0.08, 0.20, 0.20, 0.10);
  private static final Augmentation TURNS =
      new Augmentation(true, true, 0, 0, 3.0 / 64, 0.15, 0.15, 0.05);

  /** The plan's word for it. */
  static Augmentation of(String name) {
    return switch (name) {
      case "none" -> NONE;
      case "weak" -> WEAK;
      case "strong" -> STRONG;
      case "upright" -> UPRIGHT;
      case "turns" -> TURNS;
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

  /**
   * The same movement on a mask: give a generator in the state that {@link #apply} began with. What
   * comes in from outside is background.
   */
  void mask(LabelledMasks masks, int index, SplittableRandom random, int[] into, int at) {
    ImageSet images = masks.images();
    Movement movement = movement(images, random);
    int width = images.width();
    int height = images.height();
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        int fromX = (int) Math.rint(movement.fromX(x, y, images));
        int fromY = (int) Math.rint(movement.fromY(x, y, images));
        boolean inside = fromX >= 0 && fromX < width && fromY >= 0 && fromY < height;
        into[at + y * width + x] = inside ? masks.mask(index, fromY * width + fromX) : 0;
      }
    }
  }

  /**
   * Where a position of the result comes from: a matrix about the image's middle after a shift.
   *
   * @param whole whether positions go to positions, so that nothing has to be interpolated
   */
  private record Movement(double[] matrix, double right, double down, boolean whole) {
    double fromX(int x, int y, ImageSet images) {
      double middleX = (images.width() - 1) / 2.0;
      double middleY = (images.height() - 1) / 2.0;
      double dx = x - middleX - right;
      double dy = y - middleY - down;
      return middleX + matrix[0] * dx + matrix[1] * dy;
    }

    double fromY(int x, int y, ImageSet images) {
      double middleX = (images.width() - 1) / 2.0;
      double middleY = (images.height() - 1) / 2.0;
      double dx = x - middleX - right;
      double dy = y - middleY - down;
      return middleY + matrix[2] * dx + matrix[3] * dy;
    }
  }

  private Movement movement(ImageSet images, SplittableRandom random) {
    boolean mirrored = flip && random.nextBoolean();
    int quarters = turns && images.width() == images.height() ? random.nextInt(4) : 0;
    double right = shift > 0 ? random.nextDouble(-shift, shift) * images.width() : 0;
    double down = shift > 0 ? random.nextDouble(-shift, shift) * images.height() : 0;
    double sign = mirrored ? -1 : 1;
    double cos = quarters % 2 == 0 ? 1 - quarters : 0;
    double sin = quarters % 2 == 1 ? 2 - quarters : 0;
    if (rotation == 0 && scale == 0) {
      double[] turn = {sign * cos, sign * sin, -sin, cos};
      return new Movement(turn, Math.rint(right), Math.rint(down), true);
    }
    double angle = random.nextDouble(-rotation, rotation) + quarters * Math.PI / 2;
    double factor = (1 + random.nextDouble(-scale, scale)) * sign;
    double shrink = Math.abs(factor);
    double[] matrix = {
      StrictMath.cos(angle) / factor,
      StrictMath.sin(angle) / factor,
      -StrictMath.sin(angle) / shrink,
      StrictMath.cos(angle) / shrink
    };
    return new Movement(matrix, right, down, false);
  }

  private void geometry(ImageSet images, int index, SplittableRandom random, Target to) {
    Movement movement = movement(images, random);
    int place = to.at();
    for (int channel = 0; channel < images.channels(); channel++) {
      int firstRow = channel * images.height();
      for (int y = 0; y < images.height(); y++) {
        for (int x = 0; x < images.width(); x++) {
          double fromX = movement.fromX(x, y, images);
          double fromY = movement.fromY(x, y, images);
          to.values()[place++] =
              movement.whole()
                  ? whole(images, index, firstRow, (int) Math.rint(fromX), (int) Math.rint(fromY))
                  : bilinear(images, index, firstRow, fromX, fromY);
        }
      }
    }
  }

  private static float whole(ImageSet images, int index, int firstRow, int x, int y) {
    boolean inside = x >= 0 && x < images.width() && y >= 0 && y < images.height();
    return inside ? images.pixel(index, (firstRow + y) * images.width() + x) / 255f : 0f;
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
