package org.consilium.models.engine;

import org.consilium.models.catalog.ModelSheet;
import org.consilium.models.data.ImageSet;
import org.consilium.protocol.Training;

/**
 * From 8-bit grey levels to the numbers that a network sees. Under {@code image} mean and deviation
 * are the image's own and the two fields are not used.
 *
 * @param perImage whether each image is standardised by itself
 * @param mean grey level 0-1 that becomes 0
 * @param deviation grey levels 0-1 that become 1
 */
public record Preprocessing(boolean perImage, double mean, double deviation) {
  /** Smallest deviation of an image by itself: a flat image becomes zeros, not noise. */
  private static final double DEVIATION_MIN = 1.0 / 255;

  public Preprocessing {
    if (!(mean >= 0 && mean <= 1) || !(deviation > 0 && deviation <= 1)) {
      throw new IllegalArgumentException(
          "preprocessing needs mean in [0, 1] and deviation in (0, 1], got %s and %s"
              .formatted(mean, deviation));
    }
  }

  /** What the plan says. */
  public static Preprocessing of(Training plan) {
    Training.Input input = plan.input();
    return new Preprocessing(
        input.normalisation().equals("image"), input.mean(), input.deviation());
  }

  /** What a model file says. */
  public static Preprocessing of(ModelSheet sheet) {
    return new Preprocessing(
        sheet.normalisation().equals("image"), sheet.mean(), sheet.deviation());
  }

  /** Grey levels 0-1 of image {@code index} into {@code into} from {@code at} on. */
  static void grey(ImageSet images, int index, float[] into, int at) {
    for (int i = 0; i < images.imageLength(); i++) {
      into[at + i] = images.pixel(index, i) / 255f;
    }
  }

  /** Normalises grey levels in place. */
  void normalise(float[] values, int at, int length) {
    double centre = mean;
    double spread = deviation;
    if (perImage) {
      double sum = 0;
      for (int i = at; i < at + length; i++) {
        sum += values[i];
      }
      centre = sum / length;
      double squares = 0;
      for (int i = at; i < at + length; i++) {
        squares += (values[i] - centre) * (values[i] - centre);
      }
      spread = Math.max(Math.sqrt(squares / length), DEVIATION_MIN);
    }
    float shift = (float) centre;
    float scale = (float) (1 / spread);
    for (int i = at; i < at + length; i++) {
      values[i] = (values[i] - shift) * scale;
    }
  }
}
