package org.consilium.models.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.consilium.models.task.SegmentationLoss.Maps;
import org.junit.jupiter.api.Test;

/** The values on networks' outputs are compared with MONAI's by the reference folders. */
final class SegmentationLossTest {
  private static final float STEP = 1e-2f;

  @Test
  void slope_ofEachLoss_isThatOfFiniteDifferences() {
    for (SegmentationLoss loss : SegmentationLoss.values()) {
      int classes = loss == SegmentationLoss.BINARY_DICE_CE ? 1 : 3;
      Maps maps = new Maps(2, classes, 12);
      SplittableRandom random = new SplittableRandom(4);
      float[] logits = new float[2 * classes * 12];
      for (int i = 0; i < logits.length; i++) {
        logits[i] = (float) random.nextDouble(-3, 3);
      }
      int[] labels = random.ints(24, 0, Math.max(2, classes)).toArray();
      float[] slope = new float[logits.length];

      loss.sum(logits, labels, slope, maps, 5);

      for (int i = 0; i < logits.length; i++) {
        double rise = at(loss, logits, i, STEP, labels, maps);
        double fall = at(loss, logits, i, -STEP, labels, maps);
        // The shift is what float32 makes of it; the central difference errs by STEP² times a third
        // derivative of at most 1.
        double shift = ((double) (logits[i] + STEP) - (logits[i] - STEP));
        assertThat((double) slope[i])
            .as("%s, logit %d", loss, i)
            .isCloseTo((rise - fall) / shift / 5, within(1e-5));
      }
    }
  }

  private static double at(
      SegmentationLoss loss, float[] logits, int i, float shift, int[] labels, Maps maps) {
    float[] moved = logits.clone();
    moved[i] += shift;
    return loss.sum(moved, labels, new float[moved.length], maps, 1);
  }

  @Test
  void binary_ofZerosOnAHalfMask_isWhatOneComputesByHand() {
    float[] slope = new float[4];

    double loss =
        SegmentationLoss.BINARY_DICE_CE.sum(
            new float[4], new int[] {1, 1, 0, 0}, slope, new Maps(1, 1, 4), 1);

    // p = 1/2 everywhere: cross-entropy ln 2; Σpy = 1, Σp = 2, Σy = 2.
    assertThat(loss).isCloseTo(StrictMath.log(2) + 1 - (2 + 1e-5) / (4 + 1e-5), within(1e-12));
  }

  @Test
  void dice_ofPerfectMaps_isNearZeroAndFlat() {
    float[] logits = {40, 40, -40, -40, -40, -40, 40, 40};
    float[] slope = new float[8];

    double loss =
        SegmentationLoss.DICE_CE.sum(logits, new int[] {0, 0, 1, 1}, slope, new Maps(1, 2, 4), 1);

    assertThat(loss).isCloseTo(0, within(1e-9));
    for (float value : slope) {
      assertThat(value).isCloseTo(0, within(1e-15f));
    }
  }

  @Test
  void sum_labelBeyondTheClasses_isRefusedWithTheNumbers() {
    assertThatThrownBy(
            () ->
                SegmentationLoss.DICE.sum(
                    new float[4], new int[] {0, 2}, new float[4], new Maps(1, 2, 2), 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("label 2, 0 to 1 are legal");
  }
}
