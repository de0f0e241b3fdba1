package org.consilium.sim.report;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Base64;
import javax.imageio.ImageIO;
import org.consilium.sim.report.DemoReport.Sample;

/** A test case as a picture: grey pixels enlarged, the lesion's outline drawn along pixel edges. */
final class CaseImage {
  private static final int SCALE = 3;
  private static final int OUTLINE = 0xE69F00;

  private CaseImage() {}

  /** A {@code data:} URI of a PNG file. */
  static String dataUri(Sample sample) {
    int side = sample.side() * SCALE;
    BufferedImage image = new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < side; y++) {
      for (int x = 0; x < side; x++) {
        int grey = sample.pixels()[y / SCALE * sample.side() + x / SCALE] & 0xff;
        image.setRGB(x, y, edge(sample, x, y) ? OUTLINE : grey * 0x010101);
      }
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      ImageIO.write(image, "png", bytes);
    } catch (IOException impossible) {
      throw new UncheckedIOException("write a picture into memory", impossible);
    }
    return "data:image/png;base64," + Base64.getEncoder().encodeToString(bytes.toByteArray());
  }

  /** Whether a fine pixel is outside the lesion and touches it. */
  private static boolean edge(Sample sample, int x, int y) {
    if (inside(sample, x, y)) {
      return false;
    }
    return inside(sample, x - 1, y)
        || inside(sample, x + 1, y)
        || inside(sample, x, y - 1)
        || inside(sample, x, y + 1);
  }

  private static boolean inside(Sample sample, int x, int y) {
    int side = sample.side() * SCALE;
    return x >= 0
        && y >= 0
        && x < side
        && y < side
        && sample.mask()[y / SCALE * sample.side() + x / SCALE] != 0;
  }
}
