package org.consilium.security.privacy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class SpendTest {
  private static final double DELTA = 1e-5;

  @Test
  void guarantee_nothingSpent_zero() {
    Guarantee none = Spend.none().guarantee(DELTA);

    assertThat(none.epsilon()).isZero();
    assertThat(none.delta()).isEqualTo(DELTA);
    assertThat(none.orderAtEndOfList()).isFalse();
  }

  @Test
  void guarantee_stepByStepOrAtOnce_sameBits() {
    Spend atOnce = Spend.none().plus(new NoisySteps(1.1, 0.01, 1000));
    Spend stepByStep = Spend.none();
    for (int i = 0; i < 1000; i++) {
      stepByStep = stepByStep.plus(new NoisySteps(1.1, 0.01, 1));
    }

    assertThat(stepByStep).isEqualTo(atOnce).hasSameHashCodeAs(atOnce);
    assertThat(stepByStep.guarantee(DELTA)).isEqualTo(atOnce.guarantee(DELTA));
  }

  @Test
  void guarantee_entriesInAnyOrder_sameBits() {
    List<NoisySteps> history = new ArrayList<>();
    SplittableRandom random = new SplittableRandom(3);
    for (int i = 0; i < 40; i++) {
      history.add(
          new NoisySteps(
              1 + random.nextInt(4) * 0.3, 0.01 * (1 + random.nextInt(3)), random.nextInt(50)));
    }
    Spend expected = all(history);

    for (int seed = 0; seed < 10; seed++) {
      Collections.shuffle(history, new Random(seed));
      Spend shuffled = all(history);

      assertThat(shuffled).as("seed %d", seed).isEqualTo(expected);
      assertThat(shuffled.guarantee(DELTA)).isEqualTo(expected.guarantee(DELTA));
    }
    assertThat(expected.steps()).hasSizeLessThanOrEqualTo(12);
  }

  @Test
  void plus_aSpend_leavesItAsItWas() {
    Spend before = Spend.none().plus(new NoisySteps(1, 0.1, 5));
    Guarantee promised = before.guarantee(DELTA);

    Spend after = before.plus(new NoisySteps(1, 0.1, 5)).plus(new NoisySteps(2, 0.1, 5));

    assertThat(before.steps()).containsExactly(new NoisySteps(1, 0.1, 5));
    assertThat(before.guarantee(DELTA)).isEqualTo(promised);
    assertThat(after.steps())
        .containsExactly(new NoisySteps(1, 0.1, 10), new NoisySteps(2, 0.1, 5));
    assertThat(before.plus(new NoisySteps(7, 0.5, 0))).isEqualTo(before);
  }

  @Test
  void guarantee_noNoise_infinite() {
    Spend spend = Spend.none().plus(new NoisySteps(1, 0.01, 10)).plus(new NoisySteps(0, 1e-9, 1));

    assertThat(spend.guarantee(DELTA).epsilon()).isInfinite();
    assertThat(spend.guarantee(DELTA).orderAtEndOfList()).isFalse();
  }

  @Test
  void guarantee_nobodySampled_zeroEvenWithoutNoise() {
    Spend spend = Spend.none().plus(new NoisySteps(0, 0, 1_000_000));

    assertThat(spend.guarantee(DELTA).epsilon()).isZero();
  }

  @Test
  void guarantee_divergenceBelowDeltaSquared_zero() {
    // by hand: 0.1² = 0.01 > 1 − e^−0.01 = 0.00995, so δ covers all; 0.0101 gives 0.01005 > 0.01
    Orders two = Orders.of(2);

    assertThat(Guarantee.of(two, new double[] {0.01}, 0.1).epsilon()).isZero();
    assertThat(Guarantee.of(two, new double[] {0.0101}, 0.1).epsilon()).isPositive();
  }

  @Test
  void guarantee_orderTooNearOne_notUsed() {
    Orders near = Orders.of(1.005, 4);

    assertThat(Guarantee.of(near, new double[] {0.5, 0.5}, 0.01).order()).isEqualTo(4);
  }

  @Test
  void guarantee_anySpend_rises() {
    SplittableRandom random = new SplittableRandom(17);
    for (int i = 0; i < 100; i++) {
      double sigma = Math.exp(random.nextDouble(-0.7, 2));
      double rate = Math.exp(random.nextDouble(-7, -0.1));
      long count = random.nextLong(1, 5000);
      double delta = Math.exp(random.nextDouble(-16, -5));
      String as = "sigma %s, rate %s, %d steps, delta %s".formatted(sigma, rate, count, delta);

      double epsilon = epsilon(sigma, rate, count, delta);

      assertThat(epsilon(sigma, rate, count + 1, delta)).as(as).isGreaterThanOrEqualTo(epsilon);
      assertThat(epsilon(sigma, rate * 1.05, count, delta)).as(as).isGreaterThanOrEqualTo(epsilon);
      assertThat(epsilon(sigma * 0.95, rate, count, delta)).as(as).isGreaterThanOrEqualTo(epsilon);
      assertThat(epsilon(sigma, rate, count, delta / 2)).as(as).isGreaterThanOrEqualTo(epsilon);
      assertThat(epsilon(sigma, rate, 2 * count, delta)).as(as).isLessThan(2 * epsilon + 1e-9);
    }
  }

  @Test
  void leastSigma_afterEarlierSteps_withinTheBudgetAndHardlyBelow() {
    SplittableRandom random = new SplittableRandom(23);
    for (int i = 0; i < 20; i++) {
      double rate = Math.exp(random.nextDouble(-5, 0));
      long count = random.nextLong(1, 3000);
      double budget = random.nextDouble(1, 10);
      Spend before = Spend.none().plus(new NoisySteps(3, 0.01, random.nextLong(500)));
      String as = "rate %s, %d steps, epsilon %s".formatted(rate, count, budget);

      double sigma = before.leastSigma(budget, DELTA, rate, count);

      Spend after = before.plus(new NoisySteps(sigma, rate, count));
      Spend withLess = before.plus(new NoisySteps(sigma * (1 - 1e-8), rate, count));
      assertThat(after.guarantee(DELTA).epsilon()).as(as).isLessThanOrEqualTo(budget);
      assertThat(withLess.guarantee(DELTA).epsilon()).as(as).isGreaterThan(budget);
    }
  }

  @Test
  void leastSigma_nothingToHide_noNoise() {
    assertThat(Spend.none().leastSigma(1, DELTA, 0, 100)).isZero();
    assertThat(Spend.none().leastSigma(1, DELTA, 0.5, 0)).isZero();
  }

  @Test
  void leastSigma_budgetAlreadySpentOrOutOfReach_refusedWithTheNumbers() {
    Spend spent = Spend.none().plus(new NoisySteps(1, 0.01, 1000));

    assertThatThrownBy(() -> spent.leastSigma(2, DELTA, 0.01, 10))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("epsilon 2.0")
        .hasMessageContaining("10 steps")
        .hasMessageContaining("2.10136"); // what is spent, of the reference's table
    for (double bad : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThatThrownBy(() -> spent.leastSigma(bad, DELTA, 0.01, 10))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("epsilon " + bad);
    }
  }

  @Test
  void steps_outOfRange_refusedWithTheNumbers() {
    for (double bad : new double[] {-0.1, Double.NaN, Double.POSITIVE_INFINITY, 1.1e6}) {
      assertThatThrownBy(() -> new NoisySteps(bad, 0.1, 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("noise multiplier " + bad);
    }
    for (double bad : new double[] {-0.1, Double.NaN, 1.01}) {
      assertThatThrownBy(() -> new NoisySteps(1, bad, 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("sampling rate " + bad);
    }
    assertThatThrownBy(() -> new NoisySteps(1, 0.1, -3))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("-3 steps");
  }

  @Test
  void plus_moreStepsThanALong_refusedWithTheNumbers() {
    Spend full = Spend.none().plus(new NoisySteps(1, 0.1, Long.MAX_VALUE));

    assertThatThrownBy(() -> full.plus(new NoisySteps(1, 0.1, 2)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("9223372036854775807 and 2 steps");
    assertThat(full.guarantee(DELTA).epsilon()).isFinite().isGreaterThan(1e15);
  }

  @Test
  void delta_outsideZeroAndOne_refusedWithTheNumber() {
    Spend spend = Spend.none();
    for (double bad : new double[] {0, 1, -1e-5, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThatThrownBy(() -> spend.guarantee(bad))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("delta " + bad);
      assertThatThrownBy(() -> new ExactGaussian(1).epsilon(bad))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("delta " + bad);
    }
  }

  @Test
  void orders_emptyOrUnorderedOrTooLow_refused() {
    assertThatThrownBy(() -> Orders.of()).hasMessageContaining("0 of them");
    assertThatThrownBy(() -> Orders.of(3, 2)).hasMessageContaining("2.0 after 3.0");
    assertThatThrownBy(() -> Orders.of(1)).hasMessageContaining("order 1.0");
    assertThatThrownBy(() -> Orders.of(2, 1024)).hasMessageContaining("order 1024.0");
    assertThatThrownBy(() -> new NoisySteps(1, 0.1, 1).rdp(Double.NaN))
        .hasMessageContaining("order NaN");
  }

  private static Spend all(List<NoisySteps> history) {
    Spend spend = Spend.none();
    for (NoisySteps steps : history) {
      spend = spend.plus(steps);
    }
    return spend;
  }

  private static double epsilon(double sigma, double rate, long count, double delta) {
    return Spend.none().plus(new NoisySteps(sigma, rate, count)).guarantee(delta).epsilon();
  }
}
