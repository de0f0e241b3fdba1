package org.consilium.models.data.folder;

import org.consilium.models.data.folder.FolderRules.Size;

/**
 * Brings pictures to one size: made smaller by one factor until they fit, each new pixel the mean
 * of the area it covers, never made larger; then set in the middle on black. Masks take the class
 * at the middle of that area.
 */
final class Fitting {
  private Fitting() {}

  private record Place(int height, int width, int top, int left) {
    static Place of(int height, int width, Size size) {
      double factor =
          Math.max(1, Math.max((double) height / size.height(), (double) width / size.width()));
      int newHeight = Math.clamp(Math.round(height / factor), 1, size.height());
      int newWidth = Math.clamp(Math.round(width / factor), 1, size.width());
      return new Place(
          newHeight, newWidth, (size.height() - newHeight) / 2, (size.width() - newWidth) / 2);
    }
  }

  static Picture picture(Picture from, Size size) {
    if (from.height() == size.height() && from.width() == size.width()) {
      return from;
    }
    Place place = Place.of(from.height(), from.width(), size);
    int area = from.height() * from.width();
    int[] samples = new int[from.channels() * size.height() * size.width()];
    for (int c = 0; c < from.channels(); c++) {
      double[] narrow = new double[from.height() * place.width];
      for (int y = 0; y < from.height(); y++) {
        for (int x = 0; x < place.width; x++) {
          int base = c * area + y * from.width();
          narrow[y * place.width + x] =
              mean(from.width(), place.width, x, at -> from.samples()[base + at]);
        }
      }
      for (int y = 0; y < place.height; y++) {
        for (int x = 0; x < place.width; x++) {
          int column = x;
          double value =
              mean(from.height(), place.height, y, at -> narrow[at * place.width + column]);
          int row = c * size.height() + place.top + y;
          samples[row * size.width() + place.left + x] = (int) (value + .5);
        }
      }
    }
    return new Picture(from.channels(), size.height(), size.width(), from.bits(), samples);
  }

  private interface Values {
    double at(int place);
  }

  /** Mean of {@code from} values over the {@code index}-th of {@code to} equal stretches. */
  private static double mean(int from, int to, int index, Values values) {
    double start = (double) index * from / to;
    double end = (double) (index + 1) * from / to;
    double sum = 0;
    for (int at = (int) start; at < Math.min(from, Math.ceil(end)); at++) {
      sum += (Math.min(end, at + 1.0) - Math.max(start, at)) * values.at(at);
    }
    return sum / (end - start);
  }

  /** A mask as {@link #picture} brings its image. */
  static byte[] mask(byte[] from, int height, int width, Size size) {
    Place place = Place.of(height, width, size);
    byte[] mask = new byte[size.height() * size.width()];
    for (int y = 0; y < place.height; y++) {
      int row = (int) ((y + .5) * height / place.height);
      for (int x = 0; x < place.width; x++) {
        int column = (int) ((x + .5) * width / place.width);
        mask[(place.top + y) * size.width() + place.left + x] = from[row * width + column];
      }
    }
    return mask;
  }
}
