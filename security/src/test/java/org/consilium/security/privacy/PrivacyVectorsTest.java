package org.consilium.security.privacy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.consilium.security.Vectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Opacus 1.5.4's accountant, confirmed by integration in 30 digits; its own tolerance. */
@Tag("vectors")
final class PrivacyVectorsTest {
  private static final JsonNode FILE = Vectors.read("privacy", "rdp.json");
  private static final double SHARE = FILE.path("tolerance_relative").asDouble();

  @Test
  void standardOrders_reference_equal() {
    List<Double> expected = new ArrayList<>();
    FILE.path("default_orders").forEach(order -> expected.add(order.asDouble()));

    assertThat(Orders.standard().values()).isEqualTo(expected);
    assertThat(SHARE).isEqualTo(1e-6);
  }

  @Test
  void guarantee_tableOfEpsilons_equal() {
    assertThat(FILE.path("epsilon_table")).hasSize(46);
    for (JsonNode row : FILE.path("epsilon_table")) {
      double epsilon = row.path("epsilon").asDouble();

      Guarantee guarantee = Spend.none().plus(steps(row)).guarantee(row.path("delta").asDouble());

      assertThat(guarantee.epsilon()).as("%s", row).isCloseTo(epsilon, Relative.to(epsilon, SHARE));
      assertThat(guarantee.order()).as("%s", row).isEqualTo(row.path("order").asDouble());
      assertThat(guarantee.orderAtEndOfList())
          .as("%s", row)
          .isEqualTo(row.path("order_at_end_of_list").asBoolean());
    }
  }

  @Test
  void rdp_oneStepAtEachOrder_equal() {
    int checked = 0;
    for (JsonNode row : FILE.path("rdp_per_order")) {
      NoisySteps one =
          new NoisySteps(row.path("sigma").asDouble(), row.path("sample_rate").asDouble(), 1);
      for (int i = 0; i < row.path("orders").size(); i++) {
        double order = row.path("orders").path(i).asDouble();
        double expected = row.path("rdp_one_step").path(i).asDouble();

        assertThat(one.rdp(order))
            .as("%s at order %s", one, order)
            .isCloseTo(expected, Relative.to(expected, SHARE));
        checked++;
      }
    }
    assertThat(checked).isEqualTo(7 * 18);
  }

  @Test
  void guarantee_stepsOfDifferentNoise_equal() {
    assertThat(FILE.path("heterogeneous_composition")).isNotEmpty();
    for (JsonNode row : FILE.path("heterogeneous_composition")) {
      double epsilon = row.path("epsilon").asDouble();
      Spend spend = Spend.none();
      for (JsonNode phase : row.path("history")) {
        spend = spend.plus(steps(phase));
      }

      Guarantee guarantee = spend.guarantee(row.path("delta").asDouble());

      assertThat(guarantee.epsilon()).as("%s", row).isCloseTo(epsilon, Relative.to(epsilon, SHARE));
      assertThat(guarantee.order()).as("%s", row).isEqualTo(row.path("order").asDouble());
    }
  }

  @Test
  void leastSigma_targets_sameEpsilonAndNoMoreNoise() {
    assertThat(FILE.path("noise_calibration")).isNotEmpty();
    for (JsonNode row : FILE.path("noise_calibration")) {
      double target = row.path("target_epsilon").asDouble();
      double delta = row.path("delta").asDouble();
      double rate = row.path("sample_rate").asDouble();
      long count = row.path("steps").asLong();
      double theirs = row.path("sigma").asDouble();
      double epsilonAtTheirs = row.path("epsilon_at_sigma").asDouble();

      double ours = Spend.none().leastSigma(target, delta, rate, count);

      // theirs is the upper end of a coarser search, so it may only be the noisier of the two
      assertThat(ours).as("%s", row).isLessThanOrEqualTo(theirs);
      assertThat(epsilon(ours, rate, count, delta))
          .as("%s", row)
          .isBetween(target - row.path("epsilon_tolerance").asDouble(), target);
      assertThat(epsilon(theirs, rate, count, delta))
          .as("%s", row)
          .isCloseTo(epsilonAtTheirs, Relative.to(epsilonAtTheirs, SHARE));
    }
  }

  @Test
  void guarantee_tightAccountant_neverBelowIt() {
    assertThat(FILE.path("tight_accountant_lower_check")).isNotEmpty();
    for (JsonNode row : FILE.path("tight_accountant_lower_check")) {
      double expected = row.path("epsilon_rdp").asDouble();

      double epsilon =
          Spend.none().plus(steps(row)).guarantee(row.path("delta").asDouble()).epsilon();

      assertThat(epsilon).as("%s", row).isCloseTo(expected, Relative.to(expected, SHARE));
      assertThat(epsilon).as("%s", row).isGreaterThan(row.path("epsilon_prv").asDouble() - 0.01);
    }
  }

  @Test
  void exactDelta_oneStepForEverybody_equal() {
    String section = "analytic_gaussian_mechanism_sensitivity_1";
    assertThat(FILE.path(section)).hasSize(12);
    for (JsonNode row : FILE.path(section)) {
      double delta = row.path("delta").asDouble();
      double epsilon = row.path("epsilon").asDouble();
      ExactGaussian gaussian = ExactGaussian.of(row.path("sigma").asDouble(), 1);

      assertThat(gaussian.delta(epsilon)).as("%s", row).isCloseTo(delta, Relative.to(delta, SHARE));
      assertThat(gaussian.epsilon(delta))
          .as("%s", row)
          .isCloseTo(epsilon, Relative.to(epsilon, SHARE));
    }
  }

  private static NoisySteps steps(JsonNode row) {
    return new NoisySteps(
        row.path("sigma").asDouble(),
        row.path("sample_rate").asDouble(),
        row.path("steps").asLong());
  }

  private static double epsilon(double sigma, double rate, long count, double delta) {
    return Spend.none().plus(new NoisySteps(sigma, rate, count)).guarantee(delta).epsilon();
  }
}
