package org.consilium.site.cohort;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import javax.imageio.ImageIO;
import org.consilium.models.data.LabelledMasks;
import org.consilium.models.data.Split;
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
  void folder_withNothingKnown_isRefused() {
    assertThatThrownBy(() -> open(folder))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("neither index.csv nor labels.csv");
    assertThatThrownBy(() -> open(folder.resolve("absent")))
        .hasMessageContaining("no file or folder");
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
