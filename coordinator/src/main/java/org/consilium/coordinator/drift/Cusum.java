package org.consilium.coordinator.drift;

/**
 * One-sided upper tabular CUSUM (Page 1954) of a standardised stream, S ← max(0, S + z − k), with
 * reference value k = ½: quickest for a shift of one standard deviation.
 */
final class Cusum {
  /** k, in standard deviations. */
  static final double REFERENCE = 0.5;

  /** Siegmund's correction for the overshoot of a discrete walk (Siegmund 1985). */
  private static final double OVERSHOOT = 1.166;

  private static final double THRESHOLD_MAX = 60;

  private Cusum() {}

  /** The statistic after an observation. */
  static double next(double statistic, double z) {
    return Math.max(0, statistic + z - REFERENCE);
  }

  /**
   * Expected observations until a false alarm, (e^{2kb} − 2kb − 1) / 2k² with b = h + 1.166, when
   * nothing changed (Siegmund 1985, formula 2.56; one-sided).
   */
  static double averageRunLength(double threshold) {
    double exponent = 2 * REFERENCE * (threshold + OVERSHOOT);
    return (Math.exp(exponent) - exponent - 1) / (2 * REFERENCE * REFERENCE);
  }

  /** h such that false alarms are {@code runLength} observations apart on average; at least 0. */
  static double thresholdFor(double runLength) {
    double low = 0;
    double high = THRESHOLD_MAX;
    if (averageRunLength(low) >= runLength) {
      return low;
    }
    for (int i = 0; i < 200; i++) {
      double middle = (low + high) / 2;
      if (averageRunLength(middle) < runLength) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return high;
  }
}
