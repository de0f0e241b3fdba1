package org.consilium.security.privacy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class SampledGaussianTest {
  private static final double[] SIGMAS = {0.1, 0.5, 1, 2.5, 30};
  private static final double[] RATES = {1e-6, 1e-3, 0.04, 0.3, 0.5, 0.7, 0.99};

  @Test
  void rdp_fractionalOrders_equalTheIntegral() {
    for (double sigma : SIGMAS) {
      for (double rate : RATES) {
        for (double order : new double[] {1.1, 1.5, 2.7, 4.4, 10.9, 40.3}) {
          checkAgainstIntegral(sigma, rate, order, 1e-9);
        }
      }
    }
  }

  @Test
  void rdp_wholeOrders_equalTheIntegral() {
    for (double sigma : SIGMAS) {
      for (double rate : RATES) {
        for (int order : new int[] {2, 3, 11, 40}) {
          checkAgainstIntegral(sigma, rate, order, 1e-9);
        }
      }
    }
  }

  @Test
  void rdp_anyMechanism_equalsTheIntegral() {
    SplittableRandom random = new SplittableRandom(71);
    for (int i = 0; i < 500; i++) {
      double sigma = Math.exp(random.nextDouble(-2, 3));
      double rate = Math.exp(random.nextDouble(-12, 0));
      double order = 1 + Math.exp(random.nextDouble(-3, 4));
      checkAgainstIntegral(sigma, rate, order, 1e-8);
    }
  }

  @Test
  void rdp_signedSeriesTrap_theSignedValue() {
    // security specification, section 7: 50 steps; adding |C(α,i)| gives 6.70579741e-4
    double rdp = 50 * new SampledGaussian(2.5, 0.01).rdp(1.5);

    assertThat(rdp).isCloseTo(6.500708972e-4, Relative.to(6.5e-4, 1e-9));
  }

  @Test
  void rdp_orderBesideAWholeOne_hardlyDiffers() {
    // two ways to the same number: the series of all signs and the sum of positive terms
    for (double sigma : SIGMAS) {
      for (double rate : RATES) {
        for (int whole : new int[] {2, 5, 31, 200}) {
          SampledGaussian gaussian = new SampledGaussian(sigma, rate);
          double expected = gaussian.rdp(whole);

          assertThat(gaussian.rdp(whole + 1e-9))
              .as("%s at %d", gaussian, whole)
              .isCloseTo(expected, Relative.to(expected, 1e-6));
        }
      }
    }
  }

  @Test
  void rdp_nobodySampledOrNoNoiseOrEverybody_closedForms() {
    assertThat(new SampledGaussian(1, 0).rdp(3.5)).isZero();
    assertThat(new SampledGaussian(0, 0).rdp(3.5)).isZero();
    assertThat(new SampledGaussian(0, 0.1).rdp(3.5)).isInfinite();
    assertThat(new SampledGaussian(0, 1).rdp(2)).isInfinite();
    // by hand: 3.5 / (2 * 4)
    assertThat(new SampledGaussian(2, 1).rdp(3.5)).isEqualTo(0.4375);
    assertThat(new SampledGaussian(2, Math.nextDown(1.0)).rdp(3.5))
        .isCloseTo(0.4375, Relative.to(0.4375, 1e-12));
  }

  @Test
  void rdp_farEndsOfEveryArgument_finiteAndRisingWithTheOrder() {
    double[] orders = {1.0001, 1.1, 1.5, 1.9999999, 2, 2.0000001, 3, 10.9, 63, 255.9, 1022.5, 1023};
    for (double sigma : new double[] {1e-100, 1e-30, 1e-3, 0.05, 1, 1e3, 1e6}) {
      for (double rate : new double[] {Double.MIN_VALUE, 1e-100, 1e-9, 0.5, 0.9, 1 - 0x1p-53}) {
        SampledGaussian gaussian = new SampledGaussian(sigma, rate);
        double before = 0;
        for (double order : orders) {
          double rdp = gaussian.rdp(order);

          // ln A is known to some 1e-15; its division by α − 1 shows that most at 1.0001
          assertThat(rdp)
              .as("%s at %s", gaussian, order)
              .isFinite()
              .isGreaterThanOrEqualTo(before * (1 - 1e-9) - 1e-10);
          before = rdp;
        }
      }
    }
  }

  private static void checkAgainstIntegral(double sigma, double rate, double order, double share) {
    double expected = integral(sigma, rate, order);
    assertThat(new SampledGaussian(sigma, rate).rdp(order))
        .as("sigma %s, rate %s, order %s", sigma, rate, order)
        .isCloseTo(expected, Relative.to(expected, share));
  }

  /**
   * The definition by the trapezoid rule, over z = σt. With u = (2z−1)/(2σ²), E[e^u] = 1, so
   * q·α·(e^u − 1) can be taken off under the integral of A − 1: what is left keeps its digits at
   * small rates. Above e^600, A is scaled instead.
   */
  private static double integral(double sigma, double rate, double order) {
    double step = Math.min(0.1, sigma / 4); // singularities are πσ away from the line
    int points = (int) Math.ceil((order / sigma + 28) / step);
    double[] t = IntStream.rangeClosed(0, points).mapToDouble(k -> k * step - 14).toArray();
    double[] u = Arrays.stream(t).map(x -> x / sigma - 1 / (2 * sigma * sigma)).toArray();
    double[] lnPower = Arrays.stream(u).map(x -> order * lnMixture(rate, x)).toArray();
    double lnLargest = 0;
    for (int k = 0; k <= points; k++) {
      lnLargest = Math.max(lnLargest, lnPower[k] + lnDensity(t[k]));
    }
    double sum = 0;
    for (int k = 0; k <= points; k++) {
      sum +=
          lnLargest > 600
              ? Math.exp(lnPower[k] + lnDensity(t[k]) - lnLargest)
              : excess(rate, order, u[k], lnDensity(t[k]));
    }
    double lnMoment = lnLargest > 600 ? lnLargest + Math.log(sum * step) : Math.log1p(sum * step);
    return lnMoment / (order - 1);
  }

  /** ((1+y)^α − 1 − α·y)·density, y = q·(e^u − 1). */
  private static double excess(double rate, double order, double u, double lnDensity) {
    double y = rate * Math.expm1(u);
    double lnPower = order * lnMixture(rate, u);
    if (lnPower > 50 || u > 50) {
      return Math.exp(lnPower + lnDensity) - order * rate * Math.exp(u + lnDensity);
    }
    double density = Math.exp(lnDensity);
    return Math.abs(order * y) < 1e-3
        ? binomialFromSecond(order, y) * density
        : (Math.expm1(lnPower) - order * y) * density;
  }

  /** C(α,2)·y² + C(α,3)·y³ + … to the seventh power. */
  private static double binomialFromSecond(double order, double y) {
    double sum = 1;
    for (int power = 7; power > 2; power--) {
      sum = 1 + sum * y * (order - power + 1) / power;
    }
    return sum * order * (order - 1) / 2 * y * y;
  }

  private static double lnDensity(double t) {
    return -t * t / 2 - Math.log(2 * Math.PI) / 2;
  }

  /** ln((1−q) + q·e^u). */
  private static double lnMixture(double rate, double u) {
    return u < 30
        ? Math.log1p(rate * Math.expm1(u))
        : u + Math.log(rate + (1 - rate) * Math.exp(-u));
  }
}
