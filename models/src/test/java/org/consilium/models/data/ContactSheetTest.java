package org.consilium.models.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.consilium.protocol.SiteId;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Draws sheets of cases into the build folder, for a person to look at. */
@Tag("slow")
final class ContactSheetTest {
  private static final int COLUMNS = 12;

  @Test
  void sheet_ofEverySite_isWritten() throws IOException {
    LesionCases cases = LesionCases.on(BundledSlices.colin(), 64);
    List<SiteKnobs> sites = SiteKnobs.demonstration();
    BufferedImage sheet = sheet(2 * sites.size() + 2, 64);
    for (int s = 0; s < sites.size(); s++) {
      LesionCases.CaseBatch batch = cases.casesWithMasks(sites.get(s), Split.TRAIN, 1, 0, COLUMNS);
      draw(sheet, batch, 2 * s, 64);
    }
    SiteKnobs noisy = sites.get(0).withNoise(.08);
    draw(sheet, cases.casesWithMasks(noisy, Split.TRAIN, 1, 0, COLUMNS), 2 * sites.size(), 64);
    assertThat(write(sheet, "cases-64.png", 3)).isRegularFile();
  }

  @Test
  void sheet_atOneMillimetre_isWritten() throws IOException {
    LesionCases cases = LesionCases.on(BundledSlices.colin(), 224);
    SiteKnobs site = new SiteKnobs(new SiteId("sheet"), .9, .5, 1, 0, .01, 0, 0, 0);
    BufferedImage sheet = sheet(2, 224);
    draw(sheet, cases.casesWithMasks(site, Split.TEST, 1, 0, 6), 0, 224);
    assertThat(write(sheet, "cases-224.png", 1)).isRegularFile();
    BufferedImage phantom = sheet(2, 224);
    LesionCases drawn = LesionCases.on(BundledSlices.phantom(), 224);
    draw(phantom, drawn.casesWithMasks(site, Split.TEST, 1, 0, 6), 0, 224);
    assertThat(write(phantom, "cases-phantom.png", 1)).isRegularFile();
  }

  private static BufferedImage sheet(int rows, int size) {
    int columns = size == 64 ? COLUMNS : 6;
    return new BufferedImage(columns * size, rows * size, BufferedImage.TYPE_INT_RGB);
  }

  /** One row of images, white corner = positive, and a row of masks below it. */
  private static void draw(BufferedImage sheet, LesionCases.CaseBatch batch, int row, int size) {
    for (int i = 0; i < batch.images().count(); i++) {
      for (int at = 0; at < size * size; at++) {
        int grey = batch.images().pixel(i, at);
        int x = i * size + at % size;
        int y = row * size + at / size;
        boolean mark =
            batch.images().label(i) == 1 && at % size < size / 12 && at / size < size / 12;
        sheet.setRGB(x, y, mark ? 0xff8000 : grey * 0x010101);
        int mask = batch.masks()[i * size * size + at];
        sheet.setRGB(x, y + size, mask == 1 ? 0xffffff : 0x202020);
      }
    }
  }

  private static Path write(BufferedImage sheet, String name, int zoom) throws IOException {
    BufferedImage large =
        new BufferedImage(
            sheet.getWidth() * zoom, sheet.getHeight() * zoom, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < large.getHeight(); y++) {
      for (int x = 0; x < large.getWidth(); x++) {
        large.setRGB(x, y, sheet.getRGB(x / zoom, y / zoom));
      }
    }
    Path file = Path.of("target", name);
    Files.createDirectories(file.toAbsolutePath().getParent());
    ImageIO.write(large, "png", file.toFile());
    return file;
  }
}
