package org.consilium.security.privacy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * The golden values of the security specification, section 7, by row: from dp_accounting, Opacus
 * and published examples, each to the digits that are given there.
 */
final class GoldenValuesTest {
  @Test
  void guarantee_standardOrders_golden() {
    check("row 1", guarantee(1.5, 0.04, 2250, 1e-5), 7.32911117143, 1e-11);
    check("row 4", guarantee(1.3, 150.0 / 60000, 6000, 1e-5), 0.7242234026109595, 1e-11);
    check("row 5", guarantee(1.0, 0.001, 30000, 1e-7), 1.4154988495444842, 1e-11);
    check("row 7", guarantee(0.7, 0.01, 120, 1e-5), 3.2391921939, 1e-10);
    check("row 15", guarantee(1.0, 1, 20, 1e-5), 30.1266311, 1e-8);
    check("row 16", guarantee(1.0, 1, 1, 1e-5), 4.7285070672, 1e-10);
    check("row 17", guarantee(5.0, 1, 100, 1e-5), 10.7255096964, 1e-10);
    check("row 18", guarantee(10.0, 1, 50, 1e-6), 3.5423612316, 1e-10);
    check("row 19", guarantee(1.1, 0.01, 10000, 1e-5), 5.6319923685, 1e-10);
    check("row 20", guarantee(0.8, 0.01, 1000, 1e-5), 3.6954288325, 1e-10);
    check("row 21", guarantee(2.0, 0.1, 100, 1e-5), 2.5805688087, 1e-10);
    check("row 22", guarantee(4.0, 0.5, 200, 1e-6), 10.3988030323, 1e-10);
  }

  @Test
  void guarantee_standardOrders_goldenOrders() {
    assertThat(guarantee(1.3, 150.0 / 60000, 6000, 1e-5).order()).as("row 4").isEqualTo(19);
    assertThat(guarantee(1.0, 0.001, 30000, 1e-7).order()).as("row 5").isEqualTo(13);
    assertThat(guarantee(0.7, 0.01, 120, 1e-5).order()).as("row 7").isEqualTo(4.4);
    assertThat(guarantee(4.0, 0.5, 200, 1e-6).order()).as("row 22").isEqualTo(3.7);
  }

  /** Row 6: hardly any noise, on an older grid whose first order is the best. */
  @Test
  void guarantee_row6OlderGrid_golden() {
    Orders older = Orders.of(1.25, 1.5, 1.75, 2, 2.25, 2.5, 3, 3.5, 4, 4.5);

    Guarantee guarantee =
        Spend.none(older).plus(new NoisySteps(0.1, 1.024e-5, 976_563)).guarantee(1e-7);

    check("row 6", guarantee, 5907982.3113984, 1e-11);
    assertThat(guarantee.order()).isEqualTo(1.25);
  }

  /** Row 8: a patient in two microbatches doubles the sensitivity, which halves the noise. */
  @Test
  void guarantee_row8DoubledSensitivity_golden() {
    assertThat(guarantee(2.0 / 2, 0.0064, 782, 1e-6).epsilon()).isCloseTo(1.616, within(5e-4));
  }

  @Test
  void guarantee_numericallyTightAccountants_neverBelowThem() {
    // PRV of row 1 with one step less; PLD of the others
    assertThat(guarantee(1.5, 0.04, 2249, 1e-5).epsilon()).isGreaterThan(6.777395712);
    assertThat(guarantee(0.5, 0.2, 1, 0.15594).epsilon()).as("row 13").isGreaterThan(1);
    assertThat(guarantee(0.7, 0.01, 120, 1e-5).epsilon()).isGreaterThan(2.4612381);
    assertThat(guarantee(1.0, 1, 20, 1e-5).epsilon()).isGreaterThan(28.3734738);
    assertThat(guarantee(1.1, 0.01, 10000, 1e-5).epsilon()).isGreaterThan(5.19262);
    assertThat(guarantee(0.8, 0.01, 1000, 1e-5).epsilon()).isGreaterThan(3.14102);
    assertThat(guarantee(2.0, 0.1, 100, 1e-5).epsilon()).isGreaterThan(2.33740);
    assertThat(guarantee(4.0, 0.5, 200, 1e-6).epsilon()).isGreaterThan(9.74924);
  }

  @Test
  void guarantee_wholeOrdersOnly_golden() {
    checkWhole("row 1", new NoisySteps(1.5, 0.04, 2250), 1e-5, 7.3298767738, 4);
    checkWhole("row 4", new NoisySteps(1.3, 150.0 / 60000, 6000), 1e-5, 0.7242234026, 19);
    checkWhole("row 5", new NoisySteps(1.0, 0.001, 30000), 1e-7, 1.4154988495, 13);
    checkWhole("row 17", new NoisySteps(5.0, 1, 100), 1e-5, 10.8016914800, 3);
    checkWhole("row 18", new NoisySteps(10.0, 1, 50), 1e-6, 3.5430498954, 8);
    checkWhole("row 19", new NoisySteps(1.1, 0.01, 10000), 1e-5, 5.6543080001, 5);
    checkWhole("row 20", new NoisySteps(0.8, 0.01, 1000), 1e-5, 3.7252402212, 5);
    checkWhole("row 21", new NoisySteps(2.0, 0.1, 100), 1e-5, 2.5866521782, 8);
    checkWhole("row 22", new NoisySteps(4.0, 0.5, 200), 1e-6, 10.4622520482, 4);
  }

  @Test
  void leastSigma_targetOfEight_goldenAtTheirTolerance() {
    // rows 9 and 10: theirs is the first point of halving (0, 20) whose ε is in (7.99, 8]
    checkCalibration("row 9", 2250, 1.416); // 90 epochs: int(90 / 0.04)
    checkCalibration("row 10", 2000, 1.3562);
  }

  @Test
  void rdp_row11_golden() {
    NoisySteps steps = new NoisySteps(2.5, 0.01, 50);

    assertThat(steps.rdp(2.5)).isCloseTo(1.08541806e-3, Relative.to(1.08541806e-3, 5e-9));
    assertThat(steps.rdp(5)).isCloseTo(2.18075656e-3, Relative.to(2.18075656e-3, 5e-9));
    assertThat(steps.rdp(50)).isCloseTo(2.38460375e-2, Relative.to(2.38460375e-2, 5e-9));
    assertThat(steps.rdp(100)).isCloseTo(1.67416308e2, Relative.to(1.67416308e2, 5e-9));
  }

  @Test
  void guarantee_row14PureDivergence_golden() {
    double[] rdp = new double[31];
    Arrays.fill(rdp, 1.1);

    Guarantee guarantee = Guarantee.of(wholes(32), rdp, 1e-5);

    check("row 14", guarantee, 1.32783806176, 1e-11);
    assertThat(guarantee.order()).isEqualTo(32);
    assertThat(guarantee.orderAtEndOfList()).isTrue();
  }

  @Test
  void exactEpsilon_everybodyInEveryStep_golden() {
    checkExact("row 12", Math.sqrt(3), 1, 0.0155954678, 1, 1e-8);
    checkExact("row 16", 1, 1, 1e-5, 4.3771780957, 1e-10);
    checkExact("row 17", 5, 100, 1e-5, 9.9972561464, 1e-10);
    checkExact("row 18", 10, 50, 1e-6, 3.3076007226, 1e-10);
  }

  private static Guarantee guarantee(double sigma, double rate, long count, double delta) {
    return Spend.none().plus(new NoisySteps(sigma, rate, count)).guarantee(delta);
  }

  private static void check(String row, Guarantee guarantee, double expected, double share) {
    assertThat(guarantee.epsilon()).as(row).isCloseTo(expected, Relative.to(expected, share));
  }

  private static void checkWhole(
      String row, NoisySteps steps, double delta, double expected, int order) {
    Guarantee guarantee = Spend.none(wholes(256)).plus(steps).guarantee(delta);

    check(row, guarantee, expected, 1e-10);
    assertThat(guarantee.order()).as(row).isEqualTo(order);
  }

  private static void checkCalibration(String row, long count, double golden) {
    double least = Spend.none().leastSigma(8, 1e-5, 0.04, count);
    double theirs = 20;
    double below = 0;
    while (guarantee(theirs, 0.04, count, 1e-5).epsilon() < 7.99) {
      double middle = (below + theirs) / 2;
      if (middle >= least) { // its ε is at most 8
        theirs = middle;
      } else {
        below = middle;
      }
    }
    assertThat(theirs).as(row).isCloseTo(golden, within(1e-4));
  }

  private static void checkExact(
      String row, double sigma, long steps, double delta, double expected, double share) {
    assertThat(ExactGaussian.of(sigma, steps).epsilon(delta))
        .as(row)
        .isCloseTo(expected, Relative.to(expected, share));
  }

  private static Orders wholes(int last) {
    return Orders.of(IntStream.rangeClosed(2, last).asDoubleStream().toArray());
  }
}
