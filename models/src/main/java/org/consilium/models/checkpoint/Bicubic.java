package org.consilium.models.checkpoint;

import org.consilium.models.checkpoint.PositionRule.Grid;

/**
 * Bicubic resampling of vectors on a grid (R. Keys 1981), rows and columns one after the other,
 * cell centres at half numbers, as PyTorch's {@code interpolate} does it.
 *
 * @param width values of a cell
 * @param antialias whether the kernel widens when the grid shrinks, and is cut off at the border
 *     instead of repeating the border's cells
 * @param offset added to the new number of cells before the scale is taken from it
 */
record Bicubic(int width, boolean antialias, double offset) {
  private static final double SHARP = -0.75;
  private static final double SOFT = -0.5;

  /** For every new cell the first old cell, and the weights from there on. */
  private record Taps(int[] first, double[][] weights) {}

  /** Cells behind {@code prefix} vectors, which are copied. */
  float[] resample(float[] table, int prefix, Grid from, Grid to) {
    Taps down = taps(from.rows(), to.rows());
    Taps across = taps(from.columns(), to.columns());
    int start = prefix * width;
    double[] wide = new double[from.rows() * to.columns() * width];
    for (int row = 0; row < from.rows(); row++) {
      for (int column = 0; column < to.columns(); column++) {
        double[] weights = across.weights()[column];
        int at = (row * to.columns() + column) * width;
        for (int k = 0; k < weights.length; k++) {
          int source = start + (row * from.columns() + across.first()[column] + k) * width;
          for (int d = 0; d < width; d++) {
            wide[at + d] += weights[k] * table[source + d];
          }
        }
      }
    }
    float[] result = new float[start + to.cells() * width];
    System.arraycopy(table, 0, result, 0, start);
    for (int row = 0; row < to.rows(); row++) {
      for (int i = 0; i < to.columns() * width; i++) {
        double sum = 0;
        for (int k = 0; k < down.weights()[row].length; k++) {
          sum += down.weights()[row][k] * wide[(down.first()[row] + k) * to.columns() * width + i];
        }
        result[start + row * to.columns() * width + i] = (float) sum;
      }
    }
    return result;
  }

  private Taps taps(int from, int to) {
    double scale = from / (to + offset);
    Taps taps = new Taps(new int[to], new double[to][]);
    for (int cell = 0; cell < to; cell++) {
      if (antialias) {
        spread(from, scale, cell, taps);
      } else {
        four(from, scale, cell, taps);
      }
    }
    return taps;
  }

  private static void spread(int from, double scale, int cell, Taps taps) {
    double stretch = Math.max(scale, 1);
    double centre = scale * (cell + 0.5);
    int first = Math.max((int) (centre - 2 * stretch + 0.5), 0);
    int end = Math.min((int) (centre + 2 * stretch + 0.5), from);
    double[] weights = new double[end - first];
    double sum = 0;
    for (int k = 0; k < weights.length; k++) {
      weights[k] = kernel((first + k - centre + 0.5) / stretch, SOFT);
      sum += weights[k];
    }
    for (int k = 0; k < weights.length; k++) {
      weights[k] /= sum;
    }
    taps.first()[cell] = first;
    taps.weights()[cell] = weights;
  }

  private static void four(int from, double scale, int cell, Taps taps) {
    double place = scale * (cell + 0.5) - 0.5;
    int left = (int) Math.floor(place);
    int first = Math.clamp(left - 1, 0, from - 1);
    int last = Math.clamp(left + 2, 0, from - 1);
    double[] weights = new double[last - first + 1];
    for (int k = left - 1; k <= left + 2; k++) {
      weights[Math.clamp(k, 0, from - 1) - first] += kernel(place - k, SHARP);
    }
    taps.first()[cell] = first;
    taps.weights()[cell] = weights;
  }

  private static double kernel(double distance, double a) {
    double x = Math.abs(distance);
    if (x < 1) {
      return ((a + 2) * x - (a + 3)) * x * x + 1;
    }
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
  }
}
