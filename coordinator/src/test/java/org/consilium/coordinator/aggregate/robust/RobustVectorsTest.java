package org.consilium.coordinator.aggregate.robust;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.consilium.coordinator.aggregate.FederatedVectors;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** Expected values: an independent implementation, partly confirmed by Flower's functions. */
@Tag("vectors")
final class RobustVectorsTest {
  private static final double TOLERANCE = 1e-9;
  private static final double GEOMETRIC = 1e-6;

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
      check(entry.getKey(), entry.getValue(), vectors);
    }
  }

  private static void check(String rule, JsonNode expected, List<double[]> vectors) {
    switch (rule) {
      case "coordinate_median" -> close(CoordinateMedian.of(vectors), expected, TOLERANCE);
      case "trimmed_mean" -> {
        double fraction = expected.get("trim_fraction").doubleValue();
        assertThat(TrimmedMean.dropped(vectors.size(), fraction))
            .isEqualTo(expected.get("removed_each_side").intValue());
        close(TrimmedMean.of(vectors, fraction), expected.get("value"), TOLERANCE);
      }
      case "krum" -> {
        int faulty = expected.get("f").intValue();
        double[] scores = FederatedVectors.doubles(expected.get("scores"));
        double[] ours = Krum.scores(vectors, faulty);
        assertThat(ours).hasSameSizeAs(scores);
        for (int i = 0; i < scores.length; i++) {
          assertThat(ours[i]).isCloseTo(scores[i], within(TOLERANCE * Math.max(1, scores[i])));
        }
        assertThat(Krum.selected(vectors, faulty, 1))
            .containsExactly(expected.get("selected_index").intValue());
        close(Krum.of(vectors, faulty), expected.get("value"), TOLERANCE);
      }
      case "multi_krum" -> {
        int faulty = expected.get("f").intValue();
        int count = expected.get("m").intValue();
        assertThat(Krum.selected(vectors, faulty, count))
            .containsExactly(
                FederatedVectors.ints(expected.get("selected_indices_in_score_order")));
        close(Krum.mean(vectors, faulty, count), expected.get("value"), TOLERANCE);
      }
      case "geometric_median" -> {
        double[] weights = new double[vectors.size()];
        Arrays.fill(weights, 1);
        geometric(GeometricMedian.of(vectors), vectors, weights, expected);
      }
      case "weighted_geometric_median" -> {
        double[] weights = FederatedVectors.doubles(expected.get("weights"));
        geometric(GeometricMedian.of(vectors, weights), vectors, weights, expected);
      }
      // The plain means stand in the file for comparison; no trimming is the mean.
      case "mean" -> close(TrimmedMean.of(vectors, 0), expected, TOLERANCE);
      case "case", "vectors", "weighted_mean" -> {}
      default -> throw new AssertionError("the vectors have a rule that is not known: " + rule);
    }
  }

  private static void geometric(
      double[] ours, List<double[]> vectors, double[] weights, JsonNode expected) {
    double objective = expected.get("objective").doubleValue();
    close(ours, expected.get("value"), GEOMETRIC);
    assertThat(GeometricMedian.objective(vectors, weights, ours))
        .isCloseTo(objective, within(GEOMETRIC * Math.max(1, objective)));
    boolean input = vectors.stream().anyMatch(v -> Arrays.equals(v, ours));
    assertThat(input).isEqualTo(expected.get("is_an_input_vector").booleanValue());
  }

  private static void close(double[] actual, JsonNode expected, double tolerance) {
    assertThat(actual).containsExactly(FederatedVectors.doubles(expected), within(tolerance));
  }
}
