package org.consilium.security.mask;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.Random;
import org.consilium.security.mask.MaskRefused.Why;
import org.junit.jupiter.api.Test;

final class SumCheckTest {
  @Test
  void weights_outsideWhatTheSitesCanHave_refused() throws MaskRefused {
    // by hand: 3 sites of at most 64
    assertThat(SumCheck.of(3, 64, 20, 3).bound()).isEqualTo(3 << 20);
    assertThat(SumCheck.of(3, 64, 20, 192).bound()).isEqualTo(192 << 20);
    for (long bad : new long[] {2, 193, 0, -5, Long.MIN_VALUE, Long.MAX_VALUE}) {
      MaskRefused refused =
          catchThrowableOfType(MaskRefused.class, () -> SumCheck.of(3, 64, 20, bad));
      assertThat(refused.why()).isEqualTo(Why.IMPLAUSIBLE_SUM);
    }
    assertThatThrownBy(() -> SumCheck.of(128, 1 << 20, 36, 128))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void blocks_coordinateOverTheBound_namedByItsPlace() throws MaskRefused {
    SumCheck check = SumCheck.of(2, 4, 3, 5); // bound 40
    int[] ints = {999, 40, -40, 0, 41, Integer.MIN_VALUE};
    long[] longs = {999, 40, -40, 0, -41, Long.MIN_VALUE};

    check.check(ints, 1, 3, 1000);
    check.check(longs, 1, 3, 1000);
    assertThatThrownBy(() -> check.check(ints, 1, 4, 1000))
        .isInstanceOf(MaskRefused.class)
        .hasMessage("check sum: coordinate 1003 is 41, at most 40");
    assertThatThrownBy(() -> check.check(longs, 1, 4, 1000)).isInstanceOf(MaskRefused.class);
    assertThatThrownBy(() -> check.check(ints, 5, 1, 0)).isInstanceOf(MaskRefused.class);
    assertThatThrownBy(() -> check.check(longs, 5, 1, 0)).isInstanceOf(MaskRefused.class);
  }

  @Test
  void clipped_moreThanThereCanBe_refused() throws MaskRefused {
    SumCheck.checkClipped(3, 100, 300);
    assertThatThrownBy(() -> SumCheck.checkClipped(3, 100, 301)).isInstanceOf(MaskRefused.class);
    assertThatThrownBy(() -> SumCheck.checkClipped(3, 100, -1)).isInstanceOf(MaskRefused.class);
  }

  @Test
  void residualMask_coordinatesThatPass_atMostHalf() throws MaskRefused {
    // the widest bound there is, 2^30: [−2^30, 2^30] is half of all; here of 100,000 words
    SumCheck check = SumCheck.of(16, 64, 20, 1024);
    int[] residual = new Random(1).ints(100_000).toArray();
    int passed = 0;
    for (int i = 0; i < residual.length; i++) {
      try {
        check.check(residual, i, 1, 0);
        passed++;
      } catch (MaskRefused refused) {
        assertThat(refused.why()).isEqualTo(Why.IMPLAUSIBLE_SUM);
      }
    }

    assertThat(passed).isBetween(49_000, 51_000);
    assertThatThrownBy(() -> check.check(residual, 0, 64, 0)).isInstanceOf(MaskRefused.class);
  }
}
