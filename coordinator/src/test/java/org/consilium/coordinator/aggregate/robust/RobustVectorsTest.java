package org.consilium.coordinator.aggregate.robust;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.consilium.coordinator.aggregate.FederatedVectors;
import org.consilium.coordinator.aggregate.robust.Handling.What;
import org.consilium.coordinator.aggregate.robust.RobustRule.Round;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Expected values: an independent implementation, partly confirmed by Flower's functions. */
@Tag("vectors")
final class RobustVectorsTest {
  private static final double TOLERANCE = 1e-9;
  private static final double GEOMETRIC = 1e-6;
  private static final int BLOCK = 3; // the vectors have 4 coordinates

  @Test
  void tolerances_ofTheFile_areThoseHere() throws IOException {
    JsonNode file = FederatedVectors.read("robust.json");

    assertThat(file.get("tolerance").doubleValue()).isEqualTo(TOLERANCE);
    assertThat(file.get("geometric_median_tolerance").doubleValue()).isEqualTo(GEOMETRIC);
  }

  @TestFactory
  Stream<DynamicTest> rule_ofReferenceCases_matches() throws IOException {
    JsonNode cases = FederatedVectors.read("robust.json").get("cases");
    assertThat(cases.size()).isPositive();
    return StreamSupport.stream(cases.spliterator(), false)
        .map(c -> DynamicTest.dynamicTest(c.get("case").asText(), () -> check(c)));
  }

  private static void check(JsonNode c) {
    List<double[]> vectors = new ArrayList<>();
    c.get("vectors").forEach(v -> vectors.add(FederatedVectors.doubles(v)));
    for (Map.Entry<String, JsonNode> entry : c.properties()) {
      check(entry.getKey(), entry.getValue(), vectors, c);
    }
  }

  private static void check(String rule, JsonNode expected, List<double[]> vectors, JsonNode c) {
    Round same = Round.uniform(vectors.size());
    switch (rule) {
      case "coordinate_median" -> close(combined(RobustRule.median(1), vectors, same), expected);
      case "trimmed_mean" -> trimmed(vectors, expected);
      case "krum" -> krum(vectors, expected);
      case "multi_krum" -> multiKrum(vectors, expected);
      case "geometric_median" -> geometric(vectors, same, expected);
      case "weighted_geometric_median" -> geometric(vectors, weights(expected), expected);
      case "mean" -> close(mean(vectors, same), expected);
      case "weighted_mean" ->
          close(mean(vectors, weights(c.get("weighted_geometric_median"))), expected);
      case "case", "vectors" -> {}
      default -> throw new AssertionError("the vectors have a rule that is not known: " + rule);
    }
  }

  private static void trimmed(List<double[]> vectors, JsonNode expected) {
    double fraction = expected.get("trim_fraction").doubleValue();
    assertThat(new TrimmedMean(fraction, 1).dropped(vectors.size()))
        .isEqualTo(expected.get("removed_each_side").intValue());
    Round same = Round.uniform(vectors.size());
    close(combined(RobustRule.trimmedMean(fraction, 1), vectors, same), expected.get("value"));
  }

  private static void krum(List<double[]> vectors, JsonNode expected) {
    Krum krum = new Krum(expected.get("f").intValue(), 1);
    assertThat(vectors.size() - krum.faulty() - 2).isEqualTo(expected.get("neighbours").intValue());
    double[] scores = FederatedVectors.doubles(expected.get("scores"));
    double[] ours = krum.scores(Combined.distances(vectors, BLOCK));
    assertThat(ours).hasSameSizeAs(scores);
    for (int i = 0; i < scores.length; i++) {
      assertThat(ours[i]).isCloseTo(scores[i], within(TOLERANCE * Math.max(1, scores[i])));
    }
    int selected = expected.get("selected_index").intValue();
    Combined combined = Combined.of(krum, vectors, Round.uniform(vectors.size()), BLOCK);
    assertThat(krum.best(ours)).containsExactly(selected);
    assertThat(combined.handlings().get(selected).what()).isEqualTo(What.KEPT);
    close(combined.value(), expected.get("value"));
  }

  private static void multiKrum(List<double[]> vectors, JsonNode expected) {
    Krum krum = new Krum(expected.get("f").intValue(), expected.get("m").intValue());
    List<Integer> selected =
        Arrays.stream(FederatedVectors.ints(expected.get("selected_indices_in_score_order")))
            .boxed()
            .toList();
    assertThat(krum.best(krum.scores(Combined.distances(vectors, BLOCK)))).isEqualTo(selected);
    close(combined(krum, vectors, Round.uniform(vectors.size())), expected.get("value"));
  }

  private static void geometric(List<double[]> vectors, Round round, JsonNode expected) {
    double[] ours = combined(RobustRule.geometricMedian(1), vectors, round);
    assertThat(ours)
        .containsExactly(FederatedVectors.doubles(expected.get("value")), within(GEOMETRIC));
    double objective = expected.get("objective").doubleValue();
    double own = 0;
    for (int k = 0; k < vectors.size(); k++) {
      own += round.weights().get(k) * Combined.distance(vectors.get(k), ours);
    }
    assertThat(own).isCloseTo(objective, within(GEOMETRIC * Math.max(1, objective)));
    boolean input = vectors.stream().anyMatch(v -> Combined.distance(v, ours) < TOLERANCE);
    assertThat(input).isEqualTo(expected.get("is_an_input_vector").booleanValue());
  }

  private static double[] combined(RobustRule rule, List<double[]> vectors, Round round) {
    return Combined.of(rule, vectors, round, BLOCK).value();
  }

  private static double[] mean(List<double[]> vectors, Round round) {
    List<Integer> all = IntStream.range(0, vectors.size()).boxed().toList();
    return Combined.sum(Factors.chosen(all, round), vectors, round);
  }

  private static Round weights(JsonNode expected) {
    return new Round(
        Arrays.stream(FederatedVectors.ints(expected.get("weights"))).boxed().toList());
  }

  private static void close(double[] actual, JsonNode expected) {
    assertThat(actual).containsExactly(FederatedVectors.doubles(expected), within(TOLERANCE));
  }
}
