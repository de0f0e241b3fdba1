package org.consilium.models.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.LabelledMasks;
import org.consilium.models.data.Tiling;
import org.consilium.models.data.Tiling.Extent;
import org.consilium.models.data.Tiling.Tile;
import org.junit.jupiter.api.Test;

final class DrawingTest {
  /**
   * Two tiles of 1×4 on an image of 1×6 overlap in its third and fourth pixel:
   *
   * <pre>
   * truth      1  1  0  1  0  0
   * tile 1    +2 -1 +1 -3
   * tile 2          -2 +4 +1 -1
   * together  +2 -1 -1 +1 +1 -1
   * drawn      1  0  0  1  1  0
   * </pre>
   *
   * Two of three true pixels are among three drawn ones: Dice 2·2/(3 + 3). Tile by tile it would be
   * the mean of 2·1/(3 + 2) and 2·1/(1 + 2).
   */
  @Test
  void of_twoTilesOfOneImage_judgesTheImage() {
    double[] logits = {2, -1, 1, -3, -2, 4, 1, -1};
    LabelledMasks tiles =
        cases(2, new byte[] {1, 1, 0, 1, 0, 1, 0, 0})
            .tiled(
                new Tiling(
                    List.of(new Tile(0, 0, 0), new Tile(0, 0, 2)), List.of(new Extent(1, 6))));

    List<Drawing> drawings = Drawing.of(tiles, logits, 1);

    assertThat(drawings).hasSize(1);
    assertThat(drawings.getFirst().said().inside())
        .containsExactly(true, false, false, true, true, false);
    assertThat(drawings.getFirst().truth().inside())
        .containsExactly(true, true, false, true, false, false);
    assertThat(Drawing.meanDice(drawings).orElseThrow()).isCloseTo(2.0 / 3, within(1e-12));
  }

  @Test
  void of_aTileLargerThanItsImage_leavesOutWhatIsBeyond() {
    LabelledMasks tiles =
        cases(1, new byte[] {1, 0, 0, 0})
            .tiled(new Tiling(List.of(new Tile(0, 0, 0)), List.of(new Extent(1, 2))));

    Drawing drawing = Drawing.of(tiles, new double[] {1, -1, 9, 9}, 1).getFirst();

    assertThat(drawing.said()).isEqualTo(drawing.truth());
  }

  @Test
  void of_wholeImages_judgesEachAndMeansThoseWithForeground() {
    LabelledMasks cases = cases(3, new byte[] {1, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0});
    // Dice 1; nothing to draw; 2·1/(1 + 3).
    double[] logits = {1, 1, -1, -1, 1, 1, 1, 1, 1, 1, 1, -1};

    List<Drawing> drawings = Drawing.of(cases, logits, 1);

    assertThat(drawings).hasSize(3);
    assertThat(Drawing.meanDice(drawings).orElseThrow()).isCloseTo(.75, within(1e-12));
  }

  @Test
  void of_threeClasses_isForegroundWhereAnyBeatsTheBackground() {
    LabelledMasks cases = cases(1, new byte[] {0, 2, 1, 0}).among(3);
    // Class 0, then 1, then 2.
    double[] logits = {1, 0, 0, 0, 0, -1, 1, -1, 0, 1, -1, -1};

    Drawing drawing = Drawing.of(cases, logits, 3).getFirst();

    assertThat(drawing.said().inside()).containsExactly(false, true, true, false);
  }

  private static LabelledMasks cases(int count, byte[] masks) {
    int highest = 1;
    for (byte value : masks) {
      highest = Math.max(highest, value);
    }
    ImageSet images = new ImageSet(1, 1, 4, new byte[4 * count], new int[count]);
    return LabelledMasks.of(images, highest + 1, masks);
  }
}
