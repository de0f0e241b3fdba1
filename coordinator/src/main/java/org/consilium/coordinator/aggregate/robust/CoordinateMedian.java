package org.consilium.coordinator.aggregate.robust;

import java.util.List;

/**
 * The coordinate-wise median (Yin et al. 2018, "Byzantine-robust distributed learning: towards
 * optimal statistical rates", definition 1); for an even number the mean of the middle two. Holds
 * against fewer than half.
 */
public final class CoordinateMedian {
  private CoordinateMedian() {}

  /** The median of one vector or more. */
  public static double[] of(List<double[]> vectors) {
    double[] median = new double[Vectors.length(vectors)];
    int upper = vectors.size() / 2;
    int lower = (vectors.size() - 1) / 2;
    for (int i = 0; i < median.length; i++) {
      double[] values = Vectors.sorted(vectors, i);
      // Halved before they are added: two large values must not overflow.
      median[i] = lower == upper ? values[lower] : 0.5 * values[lower] + 0.5 * values[upper];
    }
    return median;
  }
}
