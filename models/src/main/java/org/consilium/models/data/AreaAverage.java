package org.consilium.models.data;

/** Makes square images smaller by averaging the area that each new pixel covers. */
final class AreaAverage {
  private final int side;
  private final int size;
  private final int[] first;
  private final float[][] weights;
  private final int taps;

  AreaAverage(int side, int size) {
    this.side = side;
    this.size = size;
    this.first = new int[size];
    this.taps = (side - 1) / size + 2;
    this.weights = new float[size][taps];
    double scale = (double) side / size;
    for (int i = 0; i < size; i++) {
      double from = i * scale;
      double to = from + scale;
      first[i] = (int) from;
      for (int t = 0; t < taps; t++) {
        double covered = Math.min(to, first[i] + t + 1.0) - Math.max(from, (double) first[i] + t);
        weights[i][t] = (float) (Math.max(0, covered) / scale);
      }
    }
  }

  /** Averages {@code from} and stores the rounded values from {@code at} on. */
  void reduce(float[] from, byte[] into, int at) {
    float[] narrow = new float[side * size];
    for (int y = 0; y < side; y++) {
      for (int i = 0; i < size; i++) {
        float sum = 0;
        for (int t = 0; t < taps && first[i] + t < side; t++) {
          sum += weights[i][t] * from[y * side + first[i] + t];
        }
        narrow[y * size + i] = sum;
      }
    }
    for (int j = 0; j < size; j++) {
      for (int i = 0; i < size; i++) {
        float sum = 0;
        for (int t = 0; t < taps && first[j] + t < side; t++) {
          sum += weights[j][t] * narrow[(first[j] + t) * size + i];
        }
        into[at + j * size + i] = (byte) (int) (sum + .5f);
      }
    }
  }
}
