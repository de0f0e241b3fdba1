package org.consilium.models.metrics;

import java.util.Arrays;
import java.util.Optional;

/**
 * How far the borders of two masks are apart, in the unit of the spacing. A border is the pixels
 * inside with one of four neighbours outside; every border pixel has its Euclidean distance to the
 * nearest border pixel of the other mask, centre to centre. Percentiles interpolate linearly.
 *
 * @param hd95 larger of the two directed 95th percentiles (MONAI's HD95)
 * @param hd95Pooled 95th percentile of both directions' distances together
 * @param hausdorff largest distance of all
 * @param averageSymmetric mean of both directions' distances together
 */
public record SurfaceDistances(
    double hd95, double hd95Pooled, double hausdorff, double averageSymmetric) {
  private static final double PERCENTILE = 0.95;

  /**
   * Distance of neighbouring pixels' centres.
   *
   * @param row between rows, for example in millimetres
   * @param column between columns
   */
  public record Spacing(double row, double column) {
    public Spacing {
      if (!(row > 0 && column > 0 && Double.isFinite(row) && Double.isFinite(column))) {
        throw new IllegalArgumentException(
            "spacing must be positive, got %s and %s".formatted(row, column));
      }
    }
  }

  /**
   * Distances of two masks of one size; empty if one of them has no pixel.
   *
   * @throws IllegalArgumentException if the sizes differ
   */
  public static Optional<SurfaceDistances> of(Mask a, Mask b, Spacing spacing) {
    Mask.requireSameSize(a, b);
    if (a.area() == 0 || b.area() == 0) {
      return Optional.empty();
    }
    double[] there = directed(a.surface(), b.surface(), spacing);
    double[] back = directed(b.surface(), a.surface(), spacing);
    double[] all = Arrays.copyOf(there, there.length + back.length);
    System.arraycopy(back, 0, all, there.length, back.length);
    Arrays.sort(all);
    return Optional.of(
        new SurfaceDistances(
            Math.max(percentile(there), percentile(back)),
            percentile(all),
            all[all.length - 1],
            Arrays.stream(all).sum() / all.length));
  }

  /** Distances of the pixels of {@code from} to {@code to}, ascending. */
  private static double[] directed(Mask from, Mask to, Spacing spacing) {
    double[] squares = squaredDistances(to, spacing);
    double[] distances = new double[from.area()];
    int count = 0;
    for (int i = 0; i < squares.length; i++) {
      if (from.inside()[i]) {
        distances[count++] = Math.sqrt(squares[i]);
      }
    }
    Arrays.sort(distances);
    return distances;
  }

  private static double percentile(double[] ascending) {
    double place = PERCENTILE * (ascending.length - 1);
    int below = (int) place;
    int above = Math.min(below + 1, ascending.length - 1);
    return ascending[below] + (place - below) * (ascending[above] - ascending[below]);
  }

  /**
   * The exact squared Euclidean distance of every pixel to the nearest pixel inside {@code mask}:
   * one pass over columns, one over rows (P. Felzenszwalb, D. Huttenlocher, "Distance Transforms of
   * Sampled Functions", Theory of Computing 8, 2012).
   */
  static double[] squaredDistances(Mask mask, Spacing spacing) {
    double[] squares = new double[mask.inside().length];
    for (int i = 0; i < squares.length; i++) {
      squares[i] = mask.inside()[i] ? 0 : Double.POSITIVE_INFINITY;
    }
    for (int column = 0; column < mask.columns(); column++) {
      new Line(column, mask.columns(), mask.rows(), spacing.row()).transform(squares);
    }
    for (int row = 0; row < mask.rows(); row++) {
      new Line(row * mask.columns(), 1, mask.columns(), spacing.column()).transform(squares);
    }
    return squares;
  }

  /** A row or a column: where it begins, how far its pixels stand apart in memory and in space. */
  private record Line(int first, int step, int length, double unit) {
    /** Replaces the line's values f(q) by the least of f(q) + distance² over its pixels q. */
    void transform(double[] values) {
      int[] roots = new int[length];
      double[] bounds = new double[length + 1];
      double[] before = new double[length];
      int last = -1;
      for (int q = 0; q < length; q++) {
        before[q] = values[first + q * step];
        if (before[q] == Double.POSITIVE_INFINITY) {
          continue;
        }
        // A parabola hides those that it undercuts from before their own range begins.
        while (last >= 0 && crossing(before, roots[last], q) <= bounds[last]) {
          last--;
        }
        bounds[last + 1] = last < 0 ? Double.NEGATIVE_INFINITY : crossing(before, roots[last], q);
        roots[++last] = q;
      }
      if (last < 0) {
        return;
      }
      int at = 0;
      for (int q = 0; q < length; q++) {
        while (at < last && bounds[at + 1] < q * unit) {
          at++;
        }
        double distance = (q - roots[at]) * unit;
        values[first + q * step] = before[roots[at]] + distance * distance;
      }
    }

    /** Where the parabolas rooted at p &lt; q meet, in space. */
    private double crossing(double[] before, int p, int q) {
      double left = p * unit;
      double right = q * unit;
      return ((before[q] + right * right) - (before[p] + left * left)) / (2 * (right - left));
    }
  }
}
