package org.consilium.coordinator.aggregate.rule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.Map;
import java.util.stream.Stream;
import org.consilium.coordinator.aggregate.FederatedVectors;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Expected values: an independent float64 implementation, confirmed by PyTorch's optimisers. */
@Tag("vectors")
final class TrajectoryVectorsTest {
  private static final double TOLERANCE = 1e-10;

  @TestFactory
  Stream<DynamicTest> algorithm_ofReferenceTrajectories_followsEachRound() throws IOException {
    LogisticSites sites = LogisticSites.of(FederatedVectors.read("data.json"));
    JsonNode algorithms = FederatedVectors.read("trajectories.json").get("algorithms");
    assertThat(algorithms.size()).isPositive();
    return algorithms.properties().stream()
        .map(
            entry ->
                DynamicTest.dynamicTest(
                    entry.getKey(), () -> follow(sites, entry.getKey(), entry.getValue())));
  }

  @Test
  void pooledOptimum_ofReferenceData_hasNoSlope() throws IOException {
    LogisticSites sites = LogisticSites.of(FederatedVectors.read("data.json"));
    JsonNode optimum = FederatedVectors.read("trajectories.json").get("pooled_optimum");
    double[] w = FederatedVectors.doubles(optimum.get("parameters"));

    double[] slope = new double[w.length];
    int total = 0;
    for (int site = 0; site < sites.count(); site++) {
      total += sites.samples(site);
    }
    for (int site = 0; site < sites.count(); site++) {
      double[] own = sites.gradient(site, w);
      for (int i = 0; i < w.length; i++) {
        slope[i] += own[i] * sites.samples(site) / total;
      }
    }

    assertThat(sites.loss(w)).isCloseTo(optimum.get("loss").doubleValue(), within(TOLERANCE));
    assertThat(slope).containsExactly(new double[w.length], within(1e-9));
  }

  private static void follow(LogisticSites sites, String name, JsonNode algorithm) {
    Trajectory trajectory = new Trajectory(sites, Recipe.of(name, algorithm, sites.count()));
    JsonNode rounds = algorithm.get("rounds");
    assertThat(rounds.size()).isPositive();
    for (int t = 0; t < rounds.size(); t++) {
      trajectory.round(t);
      close(trajectory.parameters(), rounds.get(t), "round " + (t + 1));
      for (Map.Entry<String, JsonNode> expected : algorithm.properties()) {
        each(trajectory, expected.getKey(), expected.getValue(), t);
      }
    }
    for (Map.Entry<String, JsonNode> expected : algorithm.properties()) {
      last(trajectory, expected.getKey(), expected.getValue(), sites.count());
    }
  }

  private static void each(Trajectory trajectory, String key, JsonNode value, int t) {
    switch (key) {
      case "weighted_loss_after_each_round" ->
          assertThat(trajectory.loss())
              .as("loss after round %d", t + 1)
              .isCloseTo(value.get(t).doubleValue(), within(TOLERANCE));
      case "tau_eff_each_round" ->
          assertThat(trajectory.steps())
              .as("effective steps of round %d", t + 1)
              .isCloseTo(value.get(t).doubleValue(), within(TOLERANCE));
      case "server_control_variate_after_each_round" ->
          close(trajectory.control(), value.get(t), "control variate of round " + (t + 1));
      case "parameters",
          "rounds",
          "site_control_variates_after_last_round",
          "personal_models_after_last_round" -> {}
      default -> throw new AssertionError("the vectors have a quantity that is not known: " + key);
    }
  }

  private static void last(Trajectory trajectory, String key, JsonNode value, int sites) {
    for (int site = 0; site < sites; site++) {
      if (key.equals("site_control_variates_after_last_round")) {
        close(trajectory.control(site), value.get(site), "control variate of site " + site);
      } else if (key.equals("personal_models_after_last_round")) {
        close(trajectory.personal(site), value.get(site), "personal model of site " + site);
      }
    }
  }

  private static void close(double[] actual, JsonNode expected, String what) {
    assertThat(actual)
        .as(what)
        .containsExactly(FederatedVectors.doubles(expected), within(TOLERANCE));
  }
}
