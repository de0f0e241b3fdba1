package org.consilium.models.data;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.consilium.models.data.BundledSlices.Slice;

/**
 * One simulated case at 1 mm on a square grid while it is being drawn: grey values 0-255, the
 * brain, and the lesions that are called. Not shared between threads.
 */
final class CaseCanvas {
  /** Side of the grid in mm; holds the largest slice. */
  static final int SIDE = 224;

  static final double RADIUS_MIN_MM = 6;
  static final double RADIUS_MAX_MM = 14;
  private static final double CONTRAST_MIN = .50;
  private static final double CONTRAST_MAX = .90;
  private static final double EDGE_MM = 1.5;
  private static final int PLACEMENTS_MAX = 200;
  private static final int BORDER_WAVES = 3;

  final float[] grey = new float[SIDE * SIDE];
  final boolean[] brain = new boolean[SIDE * SIDE];
  final boolean[] called = new boolean[SIDE * SIDE];

  /** The lesions that are called, in the order in which they were drawn. */
  final List<Mark> marks = new ArrayList<>();

  /** A lesion's middle and radius, mm from the upper left corner. */
  record Mark(int x, int y, double radius) {}

  /** Draws the slice with a small random pose: flip, ±8°, ±4 % size, ±4 mm. */
  void place(Slice slice, SplittableRandom random) {
    double angle = StrictMath.toRadians(random.nextDouble(-8, 8));
    double zoom = random.nextDouble(.96, 1.04);
    double shiftX = random.nextDouble(-4, 4);
    double shiftY = random.nextDouble(-4, 4);
    double flip = random.nextBoolean() ? -1 : 1;
    double cos = StrictMath.cos(angle) / zoom;
    double sin = StrictMath.sin(angle) / zoom;
    for (int y = 0; y < SIDE; y++) {
      double dy = y - SIDE / 2.0 - shiftY;
      for (int x = 0; x < SIDE; x++) {
        double dx = x - SIDE / 2.0 - shiftX;
        double sx = flip * (cos * dx + sin * dy) + slice.width() / 2.0;
        double sy = cos * dy - sin * dx + slice.height() / 2.0;
        sample(slice, sx, sy, y * SIDE + x);
      }
    }
    java.util.Arrays.fill(called, false);
    marks.clear();
  }

  private void sample(Slice slice, double sx, double sy, int at) {
    int x = (int) sx;
    int y = (int) sy;
    if (sx < 0 || sy < 0 || x >= slice.width() - 1 || y >= slice.height() - 1) {
      grey[at] = 0;
      brain[at] = false;
      return;
    }
    float fx = (float) (sx - x);
    float fy = (float) (sy - y);
    byte[] from = slice.pixels();
    int corner = y * slice.width() + x;
    int below = corner + slice.width();
    float top = (from[corner] & 0xff) * (1 - fx) + (from[corner + 1] & 0xff) * fx;
    float bottom = (from[below] & 0xff) * (1 - fx) + (from[below + 1] & 0xff) * fx;
    grey[at] = top * (1 - fy) + bottom * fy;
    brain[at] = slice.brain()[(fy < .5f ? corner : below) + (fx < .5f ? 0 : 1)];
  }

  /**
   * Adds one bright lesion inside the brain and returns its radius in mm. Old patients' lesions
   * tend to be small and faint.
   *
   * @param callFromMm a smaller lesion is drawn but not called
   */
  double addLesion(boolean old, double callFromMm, SplittableRandom random) {
    double radius = RADIUS_MIN_MM + (RADIUS_MAX_MM - RADIUS_MIN_MM) * skewed(old, random);
    double contrast = CONTRAST_MIN + (CONTRAST_MAX - CONTRAST_MIN) * skewed(old, random);
    Outline outline = new Outline(radius, random);
    int centre = placement(radius, random);
    int reach = (int) Math.ceil(radius * 1.6) + 2;
    int x0 = Math.max(0, centre % SIDE - reach);
    int x1 = Math.min(SIDE - 1, centre % SIDE + reach);
    int y0 = Math.max(0, centre / SIDE - reach);
    int y1 = Math.min(SIDE - 1, centre / SIDE + reach);
    float[] weights = new float[(x1 - x0 + 1) * (y1 - y0 + 1)];
    double sum = 0;
    double total = 0;
    int i = 0;
    for (int y = y0; y <= y1; y++) {
      for (int x = x0; x <= x1; x++, i++) {
        if (brain[y * SIDE + x]) {
          weights[i] = outline.weight(x - centre % SIDE, y - centre / SIDE);
          sum += weights[i] * grey[y * SIDE + x];
          total += weights[i];
        }
      }
    }
    float gain = total > 0 ? (float) (contrast * sum / total) : 0;
    i = 0;
    for (int y = y0; y <= y1; y++) {
      for (int x = x0; x <= x1; x++, i++) {
        grey[y * SIDE + x] += gain * weights[i];
        called[y * SIDE + x] |= radius >= callFromMm && weights[i] >= .5f;
      }
    }
    if (radius >= callFromMm) {
      marks.add(new Mark(centre % SIDE, centre / SIDE, radius));
    }
    return radius;
  }

  private static double skewed(boolean old, SplittableRandom random) {
    double u = random.nextDouble();
    return old ? u * u : 1 - (1 - u) * (1 - u);
  }

  /** A place in the brain where most of the lesion fits; else any place in the brain. */
  private int placement(double radius, SplittableRandom random) {
    int inside = -1;
    int d = (int) (.7 * radius);
    for (int i = 0; i < PLACEMENTS_MAX; i++) {
      int x = random.nextInt(SIDE / 8, SIDE - SIDE / 8);
      int y = random.nextInt(SIDE / 8, SIDE - SIDE / 8);
      if (brain[y * SIDE + x]) {
        inside = y * SIDE + x;
        boolean fits =
            brain[(y - d) * SIDE + x - d]
                && brain[(y - d) * SIDE + x + d]
                && brain[(y + d) * SIDE + x - d]
                && brain[(y + d) * SIDE + x + d];
        if (fits) {
          return inside;
        }
      }
    }
    for (int at = 0; inside < 0 && at < brain.length; at++) {
      inside = brain[at] ? at : -1;
    }
    return Math.max(inside, 0);
  }

  /** An ellipse of random axes and direction whose border swings slowly. */
  private static final class Outline {
    private final double radius;
    private final double cos;
    private final double sin;
    private final double stretch;
    private final double[] swing = new double[BORDER_WAVES];
    private final double[] phase = new double[BORDER_WAVES];

    Outline(double radius, SplittableRandom random) {
      double direction = random.nextDouble(StrictMath.PI);
      this.radius = radius;
      this.cos = StrictMath.cos(direction);
      this.sin = StrictMath.sin(direction);
      this.stretch = StrictMath.sqrt(random.nextDouble(.65, 1));
      for (int wave = 0; wave < BORDER_WAVES; wave++) {
        swing[wave] = random.nextDouble(.1);
        phase[wave] = random.nextDouble(2 * StrictMath.PI);
      }
    }

    /** 1 inside, 0 outside, smooth over {@code EDGE_MM} on both sides of the border. */
    float weight(double dx, double dy) {
      double along = (cos * dx + sin * dy) * stretch;
      double across = (cos * dy - sin * dx) / stretch;
      double distance = StrictMath.sqrt(along * along + across * across);
      if (distance < radius * .7 - EDGE_MM) {
        return 1;
      }
      if (distance > radius * 1.3 + EDGE_MM) {
        return 0;
      }
      double angle = StrictMath.atan2(across, along);
      double border = radius;
      for (int wave = 0; wave < BORDER_WAVES; wave++) {
        border += radius * swing[wave] * StrictMath.cos((wave + 2) * angle + phase[wave]);
      }
      double t = Math.clamp((border - distance) / (2 * EDGE_MM) + .5, 0, 1);
      return (float) (t * t * (3 - 2 * t));
    }
  }
}
