package org.consilium.coordinator.aggregate.robust;

import java.util.List;

/**
 * The coordinate-wise trimmed mean (Yin et al. 2018, definition 2): the mean of what is left when
 * ⌊βn⌋ values are dropped at each end.
 */
public final class TrimmedMean {
  private TrimmedMean() {}

  /**
   * The trimmed mean.
   *
   * @param fraction β in [0, ½)
   */
  public static double[] of(List<double[]> vectors, double fraction) {
    double[] mean = new double[Vectors.length(vectors)];
    int dropped = dropped(vectors.size(), fraction);
    for (int i = 0; i < mean.length; i++) {
      double[] values = Vectors.sorted(vectors, i);
      double sum = 0;
      for (int k = dropped; k < values.length - dropped; k++) {
        sum += values[k];
      }
      mean[i] = sum / (values.length - 2 * dropped);
    }
    return mean;
  }

  /** How many of {@code count} values are dropped at each end. */
  public static int dropped(int count, double fraction) {
    if (!(fraction >= 0 && fraction < 0.5)) {
      throw new IllegalArgumentException(
          "trimmed mean: fraction must be in [0, 0.5), got " + fraction);
    }
    // 0.29·100 is 28.999… in binary: a fraction meant to drop a whole number must do so.
    return (int) Math.floor(fraction * count + 1e-9);
  }
}
