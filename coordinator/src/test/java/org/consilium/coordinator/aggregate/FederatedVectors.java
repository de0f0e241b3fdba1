package org.consilium.coordinator.aggregate;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.consilium.protocol.Aggregation;
import org.consilium.protocol.Aggregation.Rule;
import org.consilium.protocol.Aggregation.Weighting;

/** Reference numbers; the system property {@code consilium.vectors} names another root of them. */
public final class FederatedVectors {
  private FederatedVectors() {}

  public static JsonNode read(String name) throws IOException {
    String elsewhere = System.getProperty("consilium.vectors", "");
    try (InputStream in =
        elsewhere.isEmpty()
            ? FederatedVectors.class.getResourceAsStream("/vectors/federated/" + name)
            : Files.newInputStream(Path.of(elsewhere, "federated", name))) {
      return new ObjectMapper().readTree(in);
    }
  }

  /** Every rule that is more than a weighted mean. */
  public static List<Aggregation> rules() {
    return List.of(
        new Aggregation(Rule.FEDAVGM, 0.7, 0.9, 0, 0, 0, Weighting.SAMPLES),
        new Aggregation(Rule.FEDADAM, 0.1, 0.9, 0.99, 1e-3, 0, Weighting.SAMPLES),
        new Aggregation(Rule.FEDYOGI, 0.1, 0.9, 0.99, 1e-3, 0, Weighting.SAMPLES),
        new Aggregation(Rule.FEDADAGRAD, 0.1, 0, 0, 1e-3, 0, Weighting.SAMPLES),
        new Aggregation(Rule.FEDNOVA, 1, 0, 0, 0, 0, Weighting.SAMPLES),
        new Aggregation(Rule.SCAFFOLD, 0.5, 0, 0, 0, 0, Weighting.UNIFORM));
  }

  public static double[] doubles(JsonNode array) {
    if (!array.isArray()) {
      throw new IllegalArgumentException("not an array: " + array);
    }
    double[] values = new double[array.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = array.get(i).doubleValue();
    }
    return values;
  }

  public static int[] ints(JsonNode array) {
    return java.util.Arrays.stream(doubles(array)).mapToInt(v -> (int) v).toArray();
  }
}
