package org.consilium.sim.crowd;

/**
 * A line through points, by least squares.
 *
 * @param fixed value at 0
 * @param slope growth for each unit of x
 */
public record Line(double fixed, double slope) {
  /** The line with the least sum of squares. */
  public static Line through(double[] x, double[] y) {
    if (x.length != y.length || x.length < 2) {
      throw new IllegalArgumentException("a line needs two points, got " + x.length);
    }
    double meanX = 0;
    double meanY = 0;
    for (int i = 0; i < x.length; i++) {
      meanX += x[i] / x.length;
      meanY += y[i] / x.length;
    }
    double above = 0;
    double below = 0;
    for (int i = 0; i < x.length; i++) {
      above += (x[i] - meanX) * (y[i] - meanY);
      below += (x[i] - meanX) * (x[i] - meanX);
    }
    if (below == 0) {
      throw new IllegalArgumentException("a line needs two different places");
    }
    double slope = above / below;
    return new Line(meanY - slope * meanX, slope);
  }
}
