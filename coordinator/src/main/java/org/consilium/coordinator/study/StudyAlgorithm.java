package org.consilium.coordinator.study;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.consilium.coordinator.yaml.YamlMap;
import org.consilium.protocol.Aggregation;
import org.consilium.protocol.Aggregation.Rule;
import org.consilium.protocol.Aggregation.Weighting;
import org.consilium.protocol.Limits;
import org.consilium.protocol.StudyPlan;

/** The keys of a study file that name the federated algorithm, and what each algorithm takes. */
public final class StudyAlgorithm {
  private static final String FEDPROX = "fedprox";

  /** What people may write: every rule, and FedProx, which is FedAvg with a pull at the sites. */
  private static final List<String> NAMES =
      List.of(
          "fedavg",
          FEDPROX,
          "fedavgm",
          "fedadam",
          "fedyogi",
          "fedadagrad",
          "fednova",
          "scaffold",
          "feddg-ga",
          "fedema");

  private StudyAlgorithm() {}

  /** What people call a plan's algorithm, as they write it in a study file. */
  public static String name(StudyPlan plan) {
    Rule rule = plan.aggregation().rule();
    return rule == Rule.FEDAVG && plan.training().proximalMu() > 0 ? FEDPROX : rule.word();
  }

  /** FedProx's μ. */
  static double proximal(YamlMap algorithm) {
    String name = algorithm.text("name", "fedavg"); // a wrong one is noted with the rule
    boolean proximal = name.equals(FEDPROX);
    double mu = algorithm.number("mu", proximal ? 0.01 : 0);
    if (!proximal && mu != 0) {
      algorithm.problem("mu", "belongs to fedprox; leave it out for " + Limits.printable(name));
    }
    return mu;
  }

  /** The server's side. */
  static Optional<Aggregation> aggregation(YamlMap algorithm) {
    String name = algorithm.choice("name", "fedavg", NAMES);
    Rule rule = name.equals(FEDPROX) ? Rule.FEDAVG : Rule.of(name);
    double rate = algorithm.number("serverLearningRate", rule.adaptive() ? 0.01 : 1);
    double momentum = own(algorithm, "momentum", rule == Rule.FEDAVGM, 0.9, name);
    double beta1 = own(algorithm, "beta1", rule.adaptive(), 0.9, name);
    boolean second = rule == Rule.FEDADAM || rule == Rule.FEDYOGI;
    double beta2 = own(algorithm, "beta2", second, 0.99, name);
    boolean meets = rule == Rule.FEDEMA;
    double tau = own(algorithm, "tau", rule.adaptive() || meets, meets ? 0.7 : 1e-3, name);
    double adjustment = own(algorithm, "adjustment", rule == Rule.FEDDG_GA, 0.2, name);
    boolean same = rule == Rule.SCAFFOLD || StudyRobust.byCoordinate(algorithm);
    String usual = same ? "uniform" : "samples";
    String weighting = algorithm.choice("weighting", usual, List.of("samples", "uniform"));
    return algorithm.build(
        () ->
            new Aggregation(
                rule,
                rate,
                rule == Rule.FEDAVGM ? momentum : beta1,
                beta2,
                tau,
                adjustment,
                Weighting.valueOf(weighting.toUpperCase(Locale.ROOT))));
  }

  /** A key that belongs to some rules only. */
  private static double own(
      YamlMap algorithm, String key, boolean belongs, double usual, String name) {
    double value = algorithm.number(key, belongs ? usual : 0);
    if (!belongs && algorithm.has(key)) {
      algorithm.problem(key, "%s does not take it; leave it out".formatted(name));
      return 0;
    }
    return value;
  }
}
