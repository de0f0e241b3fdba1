package org.consilium.models.metrics;

/** A 95 % confidence interval, both ends included. */
public record Interval(double lower, double upper) {
  /** Two-sided 95 % point of the standard normal distribution. */
  static final double Z95 = 1.959963984540054;

  public Interval {
    if (!(lower <= upper)) {
      throw new IllegalArgumentException("interval from %s to %s".formatted(lower, upper));
    }
  }

  /**
   * Wilson's score interval of a proportion (Wilson 1927).
   *
   * @param hits 0 to {@code of}
   * @param of at least 1
   */
  public static Interval wilson(long hits, long of) {
    return wilson(hits, of, Z95);
  }

  static Interval wilson(long hits, long of, double z) {
    if (of < 1 || hits < 0 || hits > of) {
      throw new IllegalArgumentException("proportion %d of %d".formatted(hits, of));
    }
    double p = (double) hits / of;
    double z2 = z * z / of;
    double centre = (p + z2 / 2) / (1 + z2);
    double half = z / (1 + z2) * Math.sqrt(p * (1 - p) / of + z2 / (4 * of));
    double lower = hits == 0 ? 0 : Math.max(0, centre - half);
    double upper = hits == of ? 1 : Math.min(1, centre + half);
    return new Interval(lower, upper);
  }
}
