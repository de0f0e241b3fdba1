package org.consilium.security.privacy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class ExactGaussianTest {
  @Test
  void epsilon_anyMechanism_atMostTheOneByOrders() {
    SplittableRandom random = new SplittableRandom(29);
    for (int i = 0; i < 300; i++) {
      double sigma = Math.exp(random.nextDouble(-2, 4));
      long count = random.nextLong(1, 2000);
      double delta = Math.exp(random.nextDouble(-25, -2));

      double exact = ExactGaussian.of(sigma, count).epsilon(delta);

      assertThat(exact)
          .as("sigma %s, %d steps, delta %s", sigma, count, delta)
          .isLessThanOrEqualTo(
              Spend.none().plus(new NoisySteps(sigma, 1, count)).guarantee(delta).epsilon());
    }
  }

  @Test
  void epsilon_anyDelta_enoughAndHardlyMore() {
    SplittableRandom random = new SplittableRandom(31);
    for (int i = 0; i < 1000; i++) {
      ExactGaussian gaussian = new ExactGaussian(Math.exp(random.nextDouble(-9, 9)));
      double delta = Math.exp(random.nextDouble(-60, 0));

      double epsilon = gaussian.epsilon(delta);

      assertThat(gaussian.delta(epsilon))
          .as("%s, delta %s", gaussian, delta)
          .isLessThanOrEqualTo(delta);
      assertThat(epsilon == 0 || gaussian.delta(epsilon * (1 - 1e-9)) > delta)
          .as("%s, delta %s, epsilon %s: less is not enough", gaussian, delta, epsilon)
          .isTrue();
    }
  }

  @Test
  void delta_moreEpsilon_falls() {
    for (double mu : new double[] {1e-6, 0.01, 1, 30, 1e4}) {
      ExactGaussian gaussian = new ExactGaussian(mu);
      double before = 1;
      for (double epsilon = 0; epsilon < 40; epsilon += 0.25) {
        double delta = gaussian.delta(epsilon);

        assertThat(delta).as("mu %s, epsilon %s", mu, epsilon).isBetween(0.0, before);
        before = delta;
      }
    }
  }

  @Test
  void delta_zeroEpsilon_theDistanceOfTwoNormals() {
    // by hand: 2Φ(½) − 1 = 0.3829249225480262, the area within half a standard deviation
    assertThat(new ExactGaussian(1).delta(0))
        .isCloseTo(0.3829249225480262, Relative.to(0.38, 1e-14));
  }

  @Test
  void noStepsOrNoNoise_nothingOrEverythingIsLost() {
    assertThat(ExactGaussian.of(0, 0)).isEqualTo(new ExactGaussian(0));
    assertThat(ExactGaussian.of(3, 0).epsilon(1e-5)).isZero();
    assertThat(ExactGaussian.of(3, 0).delta(0)).isZero();
    assertThat(ExactGaussian.of(0, 1).epsilon(1e-5)).isInfinite();
    assertThat(ExactGaussian.of(0, 1).delta(100)).isEqualTo(1);
  }

  @Test
  void epsilon_hardlyAnyNoise_hugeAndEnough() {
    for (double mu : new double[] {1e8, 1e17, 1e150}) {
      ExactGaussian gaussian = new ExactGaussian(mu);

      // by hand: μ²/2 is where half of the mass is beyond
      assertThat(gaussian.epsilon(1e-5)).as("mu %s", mu).isGreaterThan(mu * mu / 2);
      assertThat(gaussian.delta(gaussian.epsilon(1e-5))).as("mu %s", mu).isLessThanOrEqualTo(1e-5);
    }
    assertThat(new ExactGaussian(1e200).epsilon(1e-5)).isInfinite();
  }

  @Test
  void arguments_outOfRange_refusedWithTheNumber() {
    for (double bad : new double[] {-1, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThatThrownBy(() -> new ExactGaussian(1).delta(bad))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("epsilon " + bad);
    }
    assertThatThrownBy(() -> new ExactGaussian(Double.NaN)).hasMessageContaining("mu NaN");
    assertThatThrownBy(() -> ExactGaussian.of(-1, 1)).hasMessageContaining("noise multiplier -1.0");
    assertThatThrownBy(() -> ExactGaussian.of(1, -1)).hasMessageContaining("-1 steps");
  }
}
