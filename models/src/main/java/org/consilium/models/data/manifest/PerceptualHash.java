package org.consilium.models.data.manifest;

import org.consilium.models.data.ImageSet;

/**
 * A picture's coarse shape in 64 bits (difference hash, N. Krawetz 2013): reduced to 9 x 8 grey
 * cells by averaging, one bit for "darker than its right neighbour". Brightness and contrast do not
 * change it. Beside it a thumbnail, to confirm that two pictures of near hashes are alike.
 */
record PerceptualHash(long bits, double[] thumbnail) {
  private static final int COLUMNS = 9;
  private static final int ROWS = 8;
  private static final int THUMBNAIL = 16;

  static PerceptualHash of(ImageSet images, int index) {
    double[] cells = cells(images, index, ROWS, COLUMNS);
    long bits = 0;
    for (int y = 0; y < ROWS; y++) {
      for (int x = 0; x < COLUMNS - 1; x++) {
        boolean darker = cells[y * COLUMNS + x] < cells[y * COLUMNS + x + 1];
        bits = (bits << 1) | (darker ? 1 : 0);
      }
    }
    return new PerceptualHash(bits, standardised(cells(images, index, THUMBNAIL, THUMBNAIL)));
  }

  int distance(PerceptualHash other) {
    return Long.bitCount(bits ^ other.bits);
  }

  /** Correlation of the thumbnails, -1 to 1; 0 if one of them is flat. */
  double likeness(PerceptualHash other) {
    double sum = 0;
    for (int i = 0; i < thumbnail.length; i++) {
      sum += thumbnail[i] * other.thumbnail[i];
    }
    return sum;
  }

  /** Mean grey of each cell of a grid; cells of small pictures share pixels. */
  private static double[] cells(ImageSet images, int index, int rows, int columns) {
    int height = images.height();
    int width = images.width();
    double[] cells = new double[rows * columns];
    for (int row = 0; row < rows; row++) {
      int top = row * height / rows;
      int bottom = Math.max(top + 1, Math.ceilDiv((row + 1) * height, rows));
      for (int column = 0; column < columns; column++) {
        int left = column * width / columns;
        int right = Math.max(left + 1, Math.ceilDiv((column + 1) * width, columns));
        long sum = 0;
        for (int c = 0; c < images.channels(); c++) {
          for (int y = top; y < bottom; y++) {
            for (int x = left; x < right; x++) {
              sum += images.pixel(index, (c * height + y) * width + x);
            }
          }
        }
        long count = (long) images.channels() * (bottom - top) * (right - left);
        cells[row * columns + column] = (double) sum / count;
      }
    }
    return cells;
  }

  /** With mean 0 and length 1; zeros if it is flat. */
  private static double[] standardised(double[] values) {
    double mean = 0;
    for (double value : values) {
      mean += value / values.length;
    }
    double squares = 0;
    for (int i = 0; i < values.length; i++) {
      values[i] -= mean;
      squares += values[i] * values[i];
    }
    double length = Math.sqrt(squares);
    for (int i = 0; i < values.length; i++) {
      values[i] = length < 1e-6 ? 0 : values[i] / length;
    }
    return values;
  }
}
