package org.consilium.coordinator.aggregate.robust;

import java.util.List;

/** Checks and distances that the rules share. */
final class Vectors {
  private Vectors() {}

  /** The common length; refuses none, unequal lengths and values that are not finite. */
  static int length(List<double[]> vectors) {
    if (vectors.isEmpty()) {
      throw new IllegalArgumentException("robust rule: no vectors");
    }
    int length = vectors.getFirst().length;
    for (double[] vector : vectors) {
      if (vector.length != length) {
        throw new IllegalArgumentException(
            "robust rule: lengths %d and %d".formatted(length, vector.length));
      }
      for (double value : vector) {
        if (!Double.isFinite(value)) {
          throw new IllegalArgumentException("robust rule: value " + value);
        }
      }
    }
    return length;
  }

  /** ‖a − b‖², summed in coordinate order. */
  static double squaredDistance(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (a[i] - b[i]) * (a[i] - b[i]);
    }
    return sum;
  }

  /** One coordinate of all vectors, sorted. */
  static double[] sorted(List<double[]> vectors, int coordinate) {
    double[] values = vectors.stream().mapToDouble(v -> v[coordinate]).toArray();
    java.util.Arrays.sort(values);
    return values;
  }
}
