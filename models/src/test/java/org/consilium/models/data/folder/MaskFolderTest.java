package org.consilium.models.data.folder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import javax.imageio.ImageIO;
import org.consilium.models.data.LabelledMasks;
import org.consilium.models.data.MalformedData;
import org.consilium.models.data.Split;
import org.consilium.models.data.Tiling;
import org.consilium.models.data.folder.MaskFolder.MaskCase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class MaskFolderTest {
  @TempDir Path folder;

  @BeforeEach
  void folders() throws IOException {
    Files.createDirectories(folder.resolve("images"));
    Files.createDirectories(folder.resolve("labels"));
  }

  @Test
  void instances_ofSixteenBits_becomeForegroundAndAreCounted() throws IOException {
    pair("a", 5, 4, BufferedImage.TYPE_USHORT_GRAY, 300);

    MaskFolder read = MaskFolder.read(folder, FolderRules.PLAIN);

    MaskCase one = read.cases().getFirst();
    assertThat(read.classes()).isEqualTo(2);
    assertThat(one.instances()).isEqualTo(1);
    assertThat(one.mask()[0]).isZero();
    assertThat(one.mask()[19]).isEqualTo((byte) 1);
  }

  @Test
  void classes_ofEightBits_areKeptAndBlackAndWhiteIsForeground() throws IOException {
    pair("a", 5, 4, BufferedImage.TYPE_BYTE_GRAY, 3);
    assertThat(MaskFolder.read(folder, FolderRules.PLAIN).classes()).isEqualTo(4);

    pair("a", 5, 4, BufferedImage.TYPE_BYTE_GRAY, 255);
    assertThat(MaskFolder.read(folder, FolderRules.PLAIN).classes()).isEqualTo(2);
  }

  @Test
  void pairs_thatDoNotMatch_areNamed() throws IOException {
    pair("a", 5, 4, BufferedImage.TYPE_BYTE_GRAY, 1);
    write("labels", "a", 4, 4, BufferedImage.TYPE_BYTE_GRAY, 1);
    refused("a.png", "mask must be grey and of its image's size", "1x4x4", "1x4x5");

    pair("a", 5, 4, BufferedImage.TYPE_BYTE_GRAY, 1);
    write("images", "b", 4, 4, BufferedImage.TYPE_BYTE_GRAY, 1);
    refused("b.png", "image without a mask");

    write("labels", "b", 4, 4, BufferedImage.TYPE_BYTE_GRAY, 1);
    Files.writeString(folder.resolve("index.csv"), "id,centre\na,x\n");
    refused("index.csv", "picture without a line", "b");
  }

  @Test
  void tiles_ofOneImage_coverItAndStayInItsSplit() throws IOException {
    pair("a", 5, 4, BufferedImage.TYPE_USHORT_GRAY, 2);
    pair("b", 5, 4, BufferedImage.TYPE_USHORT_GRAY, 2);
    Files.writeString(folder.resolve("index.csv"), "id,split\na,train\nb,val\n");

    MaskFolder read = MaskFolder.read(folder, FolderRules.PLAIN);
    LabelledMasks tiles = read.tiles(Split.TRAIN, 3, 1).orElseThrow();

    // By hand: 5 is covered from 0 and 2, 4 from 0 and 1; only the lower right corner is
    // foreground.
    assertThat(tiles.count()).isEqualTo(4);
    assertThat(tiles.images().labels()).containsExactly(0, 0, 0, 1);
    assertThat(tiles.mask(3, 8)).isEqualTo(1);
    assertThat(tiles.images().pixel(3, 0)).isEqualTo(2 + 5);
    assertThat(read.tiles(Split.TEST, 3, 1)).isEmpty();
    assertThat(read.splitGiven()).isTrue();
    Tiling tiling = tiles.tiling().orElseThrow();
    assertThat(tiling.images()).containsExactly(new Tiling.Extent(4, 5));
    assertThat(tiling.tiles().getLast()).isEqualTo(new Tiling.Tile(0, 1, 2));
    assertThat(tiles.wholeImages()).isEqualTo(1);
  }

  /** By hand: grey 0 to 15 in rows of 4; the means of each 2×2 are 2.5, 4.5, 10.5 and 12.5. */
  @Test
  void seen_invertedAndSmaller_isTheNegativeOfTheMeans() throws IOException {
    pair("a", 4, 4, BufferedImage.TYPE_BYTE_GRAY, 1);

    MaskFolder read = MaskFolder.read(folder, FolderRules.PLAIN).seen(new View(true, 2));

    MaskCase one = read.cases().getFirst();
    assertThat(one.size()).isEqualTo(new FolderRules.Size(2, 2));
    assertThat(one.pixels())
        .containsExactly((byte) (255 - 3), (byte) (255 - 5), (byte) (255 - 11), (byte) (255 - 13));
    assertThat(one.mask()).containsExactly(0, 0, 0, 1);
    assertThatThrownBy(() -> new View(false, 0)).hasMessageContaining("shrink must be 1-16");
  }

  @Test
  void nuclei_asDelivered_areReadWithTheirCentres() throws IOException {
    Path nuclei = Path.of(System.getProperty("consilium.root", ".."), "../shared/data/nuclei");
    assumeTrue(Files.isDirectory(nuclei), "SKIP nuclei: ../shared/data not present");

    MaskFolder read = MaskFolder.read(nuclei, FolderRules.PLAIN);

    Map<String, Integer> images = new HashMap<>();
    Map<String, Integer> instances = new HashMap<>();
    for (MaskCase each : read.cases()) {
      String centre = each.facts().strata().getOrDefault("centre", "");
      images.merge(centre, 1, Integer::sum);
      instances.merge(centre, each.instances(), Integer::sum);
    }
    // The set's own table of centres.
    assertThat(images).containsEntry("histology", 83).containsEntry("cytology", 11);
    assertThat(instances).containsEntry("histology", 3684).containsEntry("cytology", 871);
    assertThat(read.classes()).isEqualTo(2);
  }

  private void refused(String... words) {
    assertThatThrownBy(() -> MaskFolder.read(folder, FolderRules.PLAIN))
        .isInstanceOf(MalformedData.class)
        .satisfies(e -> assertThat(e.getMessage()).contains(words));
  }

  private void pair(String name, int width, int height, int type, int corner) throws IOException {
    write("labels", name, width, height, type, corner);
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_BYTE_GRAY);
    for (int i = 0; i < width * height; i++) {
      image.getRaster().setSample(i % width, i / width, 0, i);
    }
    ImageIO.write(image, "png", folder.resolve("images").resolve(name + ".png").toFile());
  }

  /** A picture that is 0 but for its lower right pixel. */
  private void write(String kind, String name, int width, int height, int type, int corner)
      throws IOException {
    BufferedImage mask = new BufferedImage(width, height, type);
    mask.getRaster().setSample(width - 1, height - 1, 0, corner);
    ImageIO.write(mask, "png", folder.resolve(kind).resolve(name + ".png").toFile());
  }
}
