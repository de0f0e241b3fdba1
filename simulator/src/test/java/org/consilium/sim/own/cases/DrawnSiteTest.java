package org.consilium.sim.own.cases;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.consilium.models.data.LabelledMasks;
import org.consilium.models.data.Split;
import org.consilium.models.data.folder.CaseFacts;
import org.consilium.models.data.folder.FolderRules;
import org.consilium.models.data.folder.MaskFolder;
import org.consilium.models.data.folder.MaskFolder.MaskCase;
import org.consilium.models.data.folder.View;
import org.consilium.protocol.ModelSpec;
import org.consilium.protocol.SiteId;
import org.consilium.sim.own.order.SiteOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DrawnSiteTest {
  @TempDir Path folder;

  @Test
  void split_firstImages_areHeldBackWithAllOfTheirPatients() {
    List<MaskCase> split = DrawnSite.split(cases(20, 10), 3, 1);

    // Images 0, 1 and 2 are of patients 0, 1 and 2, whose other images are 10, 11 and 12.
    for (int i = 0; i < 20; i++) {
      assertThat(split.get(i).split() == Split.TEST).as("image %d", i).isEqualTo(i % 10 < 3);
    }
    assertThat(split.stream().map(MaskCase::split)).contains(Split.TRAIN, Split.VALIDATION);
  }

  @Test
  void split_ofManyImages_choosesByTwelve() {
    List<MaskCase> split = DrawnSite.split(cases(100, 100), 20, 1);

    assertThat(split.stream().filter(c -> c.split() == Split.VALIDATION)).hasSize(12);
    assertThat(split.stream().filter(c -> c.split() == Split.TRAIN)).hasSize(68);
  }

  @Test
  void write_thenReadByANode_givesTheSameTilesWithoutThoseHeldBack() throws IOException {
    ModelSpec model = new ModelSpec("unet-gn", 1, 16, 16, 1, 0);
    DrawnSite site =
        new DrawnSite(
            new SiteId("north"), DrawnSite.split(cases(12, 12), 3, 1), new View(true, 2), 2);

    Path config = site.write(folder, model);

    assertThat(config).content().contains("invert: true", "shrink: 2", "tile: 16");
    MaskFolder read = MaskFolder.read(folder.resolve("data"), FolderRules.PLAIN).seen(site.view());
    assertThat(read.tiles(Split.TEST, 16, 1)).isEmpty();
    LabelledMasks there = read.tiles(Split.TRAIN, 16, 1).orElseThrow();
    LabelledMasks here = site.tiles(Split.TRAIN, model);
    assertThat(there.count()).isEqualTo(here.count());
    for (int i = 0; i < here.count(); i++) {
      assertThat(there.images().image(i)).isEqualTo(here.images().image(i));
      for (int at = 0; at < here.area(); at++) {
        assertThat(there.mask(i, at)).isEqualTo(here.mask(i, at));
      }
    }
  }

  @Test
  void options_thatAreNone_areRefused() {
    for (String text :
        List.of(
            "north",
            "north.invert",
            "north.invert=yes",
            ".shrink=2",
            "north.shrink=17",
            "north.holdBack=0",
            "north.colour=true")) {
      assertThatThrownBy(() -> SiteOptions.parse(List.of(text)))
          .as(text)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("--site-option must be");
    }
  }

  private static List<MaskCase> cases(int count, int patients) {
    List<MaskCase> cases = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      byte[] pixels = new byte[3 * 40 * 36];
      byte[] mask = new byte[40 * 36];
      for (int at = 0; at < pixels.length; at++) {
        pixels[at] = (byte) (at * 7 + i);
        mask[at % mask.length] = (byte) (at % 5 == 0 ? 1 : 0);
      }
      cases.add(
          new MaskCase(
              new CaseFacts(i + 2, "p" + i, "patient " + i % patients, Map.of()),
              Split.TRAIN,
              3,
              new FolderRules.Size(40, 36),
              pixels,
              mask,
              1));
    }
    return cases;
  }
}
