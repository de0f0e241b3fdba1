package org.consilium.models.metrics;

import java.util.Arrays;
import java.util.OptionalDouble;

/**
 * A segmentation of one image: which pixels are inside.
 *
 * @param rows height
 * @param columns width
 * @param inside row by row; copied
 */
public record Mask(int rows, int columns, boolean[] inside) {
  public Mask {
    if (rows < 1 || columns < 1 || (long) rows * columns != inside.length) {
      throw new IllegalArgumentException(
          "a mask of %d x %d needs as many pixels, got %d".formatted(rows, columns, inside.length));
    }
    inside = inside.clone();
  }

  /** Number of pixels inside. */
  public int area() {
    int area = 0;
    for (boolean pixel : inside) {
      area += pixel ? 1 : 0;
    }
    return area;
  }

  /** 2 |A ∩ B| / (|A| + |B|); empty if both masks are. */
  public static OptionalDouble dice(Mask a, Mask b) {
    int sum = a.area() + b.area();
    return sum == 0 ? OptionalDouble.empty() : OptionalDouble.of(2.0 * common(a, b) / sum);
  }

  /** |A ∩ B| / |A ∪ B|; empty if both masks are. */
  public static OptionalDouble overUnion(Mask a, Mask b) {
    int common = common(a, b);
    int union = a.area() + b.area() - common;
    return union == 0 ? OptionalDouble.empty() : OptionalDouble.of((double) common / union);
  }

  /**
   * The pixels inside that have a neighbour above, below, left or right outside or off the image.
   */
  Mask surface() {
    boolean[] surface = new boolean[inside.length];
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        int at = row * columns + column;
        surface[at] =
            inside[at]
                && !(row > 0
                    && inside[at - columns]
                    && row < rows - 1
                    && inside[at + columns]
                    && column > 0
                    && inside[at - 1]
                    && column < columns - 1
                    && inside[at + 1]);
      }
    }
    return new Mask(rows, columns, surface);
  }

  static void requireSameSize(Mask a, Mask b) {
    if (a.rows != b.rows || a.columns != b.columns) {
      throw new IllegalArgumentException(
          "compare masks: one is %d x %d, the other %d x %d"
              .formatted(a.rows, a.columns, b.rows, b.columns));
    }
  }

  private static int common(Mask a, Mask b) {
    requireSameSize(a, b);
    int common = 0;
    for (int i = 0; i < a.inside.length; i++) {
      common += a.inside[i] && b.inside[i] ? 1 : 0;
    }
    return common;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Mask that
        && rows == that.rows
        && columns == that.columns
        && Arrays.equals(inside, that.inside);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(inside);
  }
}
