package org.consilium.models.data;

import java.util.ArrayList;
import java.util.List;
import org.consilium.models.data.BundledSlices.Plane;
import org.consilium.models.data.BundledSlices.Slice;

/** A drawn head: skin, skull, a wavy cortex, white matter and two ventricles, as axial slices. */
final class Phantom {
  private static final int WIDTH = 181;
  private static final int HEIGHT = 217;
  private static final int FIRST_MM = 16;
  private static final int LAST_MM = 144;
  private static final int STEP_MM = 4;

  private Phantom() {}

  static List<Slice> slices() {
    List<Slice> slices = new ArrayList<>();
    for (int index = FIRST_MM; index <= LAST_MM; index += STEP_MM) {
      slices.add(slice(index));
    }
    return slices;
  }

  private static Slice slice(int index) {
    byte[] pixels = new byte[WIDTH * HEIGHT];
    boolean[] brain = new boolean[WIDTH * HEIGHT];
    double up = (index - 70) / 90.0;
    double girth = StrictMath.sqrt(Math.max(.3, 1 - up * up));
    for (int at = 0; at < pixels.length; at++) {
      int column = at % WIDTH;
      int row = at / WIDTH;
      double x = (column - WIDTH / 2.0) / (WIDTH / 2.0 - 4) / girth;
      double y = (row - HEIGHT / 2.0) / (HEIGHT / 2.0 - 4) / girth;
      double radius = StrictMath.sqrt(x * x + y * y);
      double angle = StrictMath.atan2(y, x);
      double cortex = .72 + .04 * StrictMath.sin(14 * angle + index * .3);
      double ventricle = StrictMath.sqrt(x * x * 30 + (y + .05) * (y + .05) * 9);
      brain[at] = radius < .84;
      pixels[at] =
          (byte)
              (radius > 1
                  ? 0
                  : radius > .94
                      ? 190
                      : radius > .84 ? 30 : ventricle < 1 ? 40 : radius > cortex ? 82 : 112);
    }
    return new Slice(Plane.AXIAL, index, WIDTH, HEIGHT, pixels, brain);
  }
}
