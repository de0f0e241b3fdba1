package org.consilium.coordinator.aggregate.rule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

final class GeneralisationAdjustmentTest {
  /** By hand: gaps 0.1, 0, -0.04 have mean 0.02, the furthest is 0.08 away; step 0.2. */
  @Test
  void next_unequalGaps_theLosingSiteGains() {
    double[] next =
        GeneralisationAdjustment.next(new double[] {2, 1, 1}, new double[] {0.1, 0, -0.04}, 0.2);

    assertThat(next).containsExactly(new double[] {.7, .2, .1}, within(1e-12));
  }

  @Test
  void next_weightBelowNothing_isCutAtNothing() {
    double[] next = GeneralisationAdjustment.next(new double[] {.9, .1}, new double[] {1, -1}, 0.2);

    assertThat(next).containsExactly(new double[] {1, 0}, within(1e-12));
  }

  @Test
  void next_sitesThatDidNotSayOrAgree_keepTheirShare() {
    double[] silent =
        GeneralisationAdjustment.next(
            new double[] {.5, .25, .25}, new double[] {Double.NaN, .1, -.1}, 0.1);

    assertThat(silent).containsExactly(new double[] {.5, .35, .15}, within(1e-12));
    assertThat(GeneralisationAdjustment.next(new double[] {3, 1}, new double[] {.1, .1}, 0.2))
        .containsExactly(new double[] {.75, .25}, within(1e-12));
  }

  @Test
  void step_overTheStudy_fallsLinearly() {
    assertThat(GeneralisationAdjustment.step(.2, 1, 4)).isEqualTo(.2);
    assertThat(GeneralisationAdjustment.step(.2, 3, 4)).isCloseTo(.1, within(1e-12));
    assertThatThrownBy(() -> GeneralisationAdjustment.step(.2, 5, 4))
        .hasMessageContaining("5 of 4");
  }
}
