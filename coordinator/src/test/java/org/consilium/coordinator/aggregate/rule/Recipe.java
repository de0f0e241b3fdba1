package org.consilium.coordinator.aggregate.rule;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.IntStream;
import org.consilium.coordinator.aggregate.FederatedVectors;

/** One algorithm of the vectors, from its name and parameters; what is not known is an error. */
record Recipe(Family family, ServerRule rule, Local local, Server server) {
  private static final Set<String> KNOWN =
      Set.of(
          "local_lr",
          "local_steps",
          "local_steps_per_site",
          "local_momentum",
          "mu",
          "lambda",
          "weights",
          "participants",
          "note",
          "server_lr",
          "global_lr",
          "beta",
          "beta1",
          "beta2",
          "tau",
          "initial_v",
          "option");

  enum Family {
    FEDAVG,
    FEDPROX,
    FEDAVGM,
    FEDADAM,
    FEDYOGI,
    FEDADAGRAD,
    FEDNOVA,
    SCAFFOLD,
    DITTO
  }

  /** How sites train. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Local(double rate, int[] steps, double momentum, double mu, double lambda, int option) {}

  /** How the server combines. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Server(boolean uniform, int[][] participants, double initialV) {}

  static Recipe of(String name, JsonNode algorithm, int sites) {
    JsonNode p = algorithm.get("parameters");
    for (String key : p.properties().stream().map(java.util.Map.Entry::getKey).toList()) {
      if (!KNOWN.contains(key)) {
        throw new AssertionError("the vectors have a parameter that is not known: " + key);
      }
    }
    Family family = Family.valueOf(name.split("_", 2)[0].toUpperCase(java.util.Locale.ROOT));
    int[] steps = new int[sites];
    if (p.has("local_steps")) {
      Arrays.fill(steps, p.get("local_steps").intValue());
    } else {
      steps = FederatedVectors.ints(p.get("local_steps_per_site"));
    }
    Local local =
        new Local(
            p.get("local_lr").doubleValue(),
            steps,
            p.path("local_momentum").asDouble(0),
            p.path("mu").asDouble(0),
            p.path("lambda").asDouble(0),
            p.path("option").asInt(2));
    int[][] participants =
        IntStream.range(0, algorithm.get("rounds").size())
            .mapToObj(
                t ->
                    p.has("participants")
                        ? FederatedVectors.ints(p.get("participants").get(t))
                        : IntStream.range(0, sites).toArray())
            .toArray(int[][]::new);
    Server server = new Server(uniform(p.get("weights").asText()), participants, v(p));
    return new Recipe(family, rule(family, name, p), local, server);
  }

  private static double v(JsonNode p) {
    return p.path("initial_v").asDouble(0);
  }

  private static boolean uniform(String weights) {
    if (weights.startsWith("n_i/")) {
      return false;
    }
    if (weights.startsWith("1/")) {
      return true;
    }
    throw new AssertionError("the vectors have weights that are not known: " + weights);
  }

  private static ServerRule rule(Family family, String name, JsonNode p) {
    double rate =
        p.has("global_lr") ? p.get("global_lr").asDouble() : p.path("server_lr").asDouble(1);
    double beta1 = p.path("beta1").asDouble(0);
    double beta2 = p.path("beta2").asDouble(0);
    double tau = p.path("tau").asDouble(0);
    boolean corrected =
        name.contains("bias_corrected") || p.path("note").asText("").contains("sqrt(1-beta2^t)");
    if (corrected && family != Family.FEDADAM) {
      throw new AssertionError("bias correction is FedAdam's only: " + name);
    }
    return switch (family) {
      case FEDAVG, FEDPROX, DITTO -> new FedAvg(rate);
      case FEDAVGM -> new FedAvgM(rate, p.get("beta").doubleValue());
      case FEDADAM -> new FedAdam(rate, beta1, beta2, tau, corrected);
      case FEDYOGI -> new FedYogi(rate, beta1, beta2, tau);
      case FEDADAGRAD -> new FedAdagrad(rate, beta1, tau);
      case FEDNOVA -> new FedNova(rate);
      case SCAFFOLD -> new ScaffoldStep(rate);
    };
  }
}
