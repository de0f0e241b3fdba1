package org.consilium.site.cohort;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import javax.imageio.ImageIO;
import org.consilium.models.data.LabelledMasks;
import org.consilium.models.data.Split;
import org.consilium.models.data.folder.View;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CohortSpecTest {
  @TempDir Path folder;

  @Test
  void folder_withATable_isACohort() throws IOException {
    StringBuilder table = new StringBuilder("path,label,split\n");
    for (int i = 0; i < 6; i++) {
      picture(folder.resolve("p" + i + ".png"), BufferedImage.TYPE_BYTE_GRAY, 40 * i);
      table.append("p%d.png,%d,%s%n".formatted(i, i % 2, i < 4 ? "train" : "val"));
    }
    Files.writeString(folder.resolve("index.csv"), table);

    CohortSource cohort = open(folder);

    assertThat(cohort.trainingCount()).isEqualTo(4);
    assertThat(cohort.holdout().labels()).containsExactly(0, 1);
    assertThat(cohort.masks(Split.TRAIN, 2)).isEmpty();
    assertThat(open(folder.resolve("index.csv")).summary()).isEqualTo(cohort.summary());
    assertThat(cohort.manifest().orElseThrow().counts().get("train")).containsEntry("0", "<11");
  }

  @Test
  void folder_withMasks_isACohortThatClassifiersRefuse() throws IOException {
    Files.createDirectories(folder.resolve("images"));
    Files.createDirectories(folder.resolve("labels"));
    for (int i = 0; i < 10; i++) {
      picture(folder.resolve("images/p" + i + ".png"), BufferedImage.TYPE_BYTE_GRAY, i);
      picture(folder.resolve("labels/p" + i + ".png"), BufferedImage.TYPE_USHORT_GRAY, i + 1);
    }

    CohortSource cohort = open(folder);

    LabelledMasks tiles = cohort.masks(Split.TRAIN, 2).orElseThrow();
    // Ten images: 15 % is 1.5, so 2 for validation and 2 for test.
    assertThat(tiles.count()).isEqualTo(6);
    assertThat(cohort.masks(Split.VALIDATION, 2).orElseThrow().count()).isEqualTo(2);
    assertThatThrownBy(cohort::training)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("these cases have masks");
  }

  @Test
  void folder_withMasks_isCutAsTheSiteSays() throws IOException {
    Files.createDirectories(folder.resolve("images"));
    Files.createDirectories(folder.resolve("labels"));
    for (int i = 0; i < 4; i++) {
      picture(folder.resolve("images/p" + i + ".png"), BufferedImage.TYPE_BYTE_GRAY, i);
      picture(folder.resolve("labels/p" + i + ".png"), BufferedImage.TYPE_USHORT_GRAY, i + 1);
    }
    CohortSpec.Cutting cutting = new CohortSpec.Cutting(new View(true, 1), 8, 3);

    CohortSource cohort = new CohortSpec(folder.toString(), Optional.empty(), cutting).open();

    LabelledMasks tiles = cohort.masks(Split.TRAIN, 2).orElseThrow();
    assertThat(tiles.images().channels()).isEqualTo(3);
    assertThat(tiles.images().height()).isEqualTo(8);
    assertThat(tiles.images().pixel(0, 0)).isEqualTo(255);
    assertThat(cohort.masks(Split.TRAIN, 4).orElseThrow().classes()).isEqualTo(4);
  }

  @Test
  void cutting_ofCasesWithoutMasks_isRefused() throws IOException {
    Path file = npz("labels", "(2, 1)", new byte[] {0, 1});
    CohortSpec.Cutting cutting = new CohortSpec.Cutting(new View(true, 1), 64, 1);

    assertThatThrownBy(() -> new CohortSpec(file.toString(), Optional.empty(), cutting).open())
        .isInstanceOf(IOException.class)
        .hasMessageContaining("invert, shrink, tile and colour are for folders");
  }

  @Test
  void npz_withMasks_isACohortThatClassifiersRefuse() throws IOException {
    CohortSource cohort = open(npz("masks", "(2, 2, 2)", new byte[] {0, 2, 0, 0, 0, 0, 0, 1}));

    assertThat(cohort.trainingCount()).isEqualTo(2);
    assertThat(cohort.masks(Split.TRAIN, 2).orElseThrow().mask(0, 1)).isEqualTo(1);
    assertThat(cohort.masks(Split.VALIDATION, 3).orElseThrow().mask(0, 1)).isEqualTo(2);
    assertThat(cohort.findings(Split.TRAIN)).isEmpty();
    assertThat(cohort.summary()).contains("2 training examples").contains("with masks");
    assertThatThrownBy(cohort::training)
        .hasMessageContaining("these cases have masks, the study wants one class an image");
  }

  @Test
  void npz_withFindings_isACohortThatClassifiersRefuse() throws IOException {
    CohortSource cohort = open(npz("labels", "(2, 3)", new byte[] {0, 1, 0, 1, 0, 1}));

    assertThat(cohort.findings(Split.TRAIN).orElseThrow().target(1, 2)).isEqualTo(1);
    assertThat(cohort.masks(Split.TRAIN, 2)).isEmpty();
    assertThatThrownBy(cohort::holdout)
        .hasMessageContaining("these cases have findings, the study wants one class an image");
  }

  @Test
  void folder_withFindings_isACohortThatClassifiersRefuse() throws IOException {
    StringBuilder table = new StringBuilder("path,labels,split\n");
    for (int i = 0; i < 4; i++) {
      picture(folder.resolve("p" + i + ".png"), BufferedImage.TYPE_BYTE_GRAY, 40 * i);
      table.append("p%d.png,%s,%s%n".formatted(i, i == 0 ? "a|b" : "", i < 2 ? "train" : "val"));
    }
    Files.writeString(folder.resolve("index.csv"), table);
    Files.writeString(folder.resolve("labels.txt"), "a\nb\n");

    CohortSource cohort = open(folder);

    assertThat(cohort.findings(Split.TRAIN).orElseThrow().target(0, 1)).isEqualTo(1);
    assertThatThrownBy(cohort::training).hasMessageContaining("these cases have findings");
  }

  @Test
  void folder_withNothingKnown_isRefused() {
    assertThatThrownBy(() -> open(folder))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("neither index.csv nor labels.csv");
    assertThatThrownBy(() -> open(folder.resolve("absent")))
        .hasMessageContaining("no file or folder");
  }

  /** Both splits have two images of 2×2 and the same targets. */
  private Path npz(String targets, String shape, byte[] values) throws IOException {
    Path file = folder.resolve(targets + ".npz");
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
      for (String split : List.of("train", "val")) {
        array(zip, split + "_images", "(2, 2, 2)", new byte[8]);
        array(zip, split + "_" + targets, shape, values);
      }
    }
    return file;
  }

  private static void array(ZipOutputStream zip, String name, String shape, byte[] values)
      throws IOException {
    String head = "{'descr': '|u1', 'fortran_order': False, 'shape': %s, }".formatted(shape);
    String padded = head + " ".repeat(117 - head.length()) + "\n";
    zip.putNextEntry(new ZipEntry(name + ".npy"));
    zip.write(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, 118, 0});
    zip.write(padded.getBytes(StandardCharsets.US_ASCII));
    zip.write(values);
    zip.closeEntry();
  }

  private static CohortSource open(Path path) throws IOException {
    return new CohortSpec(path.toString(), Optional.empty()).open();
  }

  private static void picture(Path file, int type, int value) throws IOException {
    BufferedImage image = new BufferedImage(8, 8, type);
    image.getRaster().setSample(3, 3, 0, value);
    ImageIO.write(image, "png", file.toFile());
  }
}
