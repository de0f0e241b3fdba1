package org.consilium.site.policy;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.consilium.models.catalog.Catalogue;
import org.consilium.models.federated.RoundLayout;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.TensorSpec;
import org.consilium.models.tune.TrainedSet;
import org.consilium.protocol.Limits;
import org.consilium.protocol.Robust;
import org.consilium.protocol.StudyPlan;

/** A study's settings in the words of a policy: the one place where a policy looks into a plan. */
public final class PlanTerms {
  /** Protection modes that a policy may name. */
  static final List<String> MODES = List.of("masked", "sealed");

  /** Words for rules that a policy may name: server rules, and robust combinations. */
  static final List<String> RULES =
      List.of(
          "fedavg",
          "fedavgm",
          "fedadam",
          "fedyogi",
          "fedadagrad",
          "fednova",
          "scaffold",
          "feddg-ga",
          "fedema",
          "norm-clip",
          "median",
          "trimmed-mean",
          "krum",
          "multi-krum",
          "geometric-median");

  /** One tensor in a file's header: a name of 200 characters, eight dimensions, two offsets. */
  private static final long TENSOR_HEADER_BYTES_MAX = 512;

  /** The rest of a file's header: what the plan says of the model, each character escaped. */
  private static final long SHEET_BYTES_MAX = 8L * Limits.PLAN_BYTES_MAX;

  private PlanTerms() {}

  /**
   * Noise that a study adds.
   *
   * @param epsilon ε of the whole study for one site's cases
   * @param delta δ
   * @param noise multiplier σ of a step
   */
  public record Noise(double epsilon, double delta, double noise) {}

  /** Who can read a delta, as a word. */
  public static String mode(StudyPlan plan) {
    return plan.protection().mode().name().toLowerCase(Locale.ROOT);
  }

  /** How updates are combined, as words. */
  public static Set<String> rules(StudyPlan plan) {
    Robust robust = plan.protection().exposure().robustRule();
    return robust instanceof Robust.None
        ? Set.of(plan.aggregation().rule().word())
        : Set.of(plan.aggregation().rule().word(), robust.word());
  }

  /** The kind of question, as a word. */
  public static String task(StudyPlan plan) {
    return word(plan.task().type());
  }

  /** The noise that a study adds. */
  public static Optional<Noise> noise(StudyPlan plan) {
    return plan.protection().patients().map(p -> new Noise(p.epsilon(), p.delta(), p.sigma()));
  }

  /** Names of the tensors that travel; empty if the catalogue does not know the model. */
  public static List<String> tensors(StudyPlan plan) {
    if (Catalogue.find(plan.model()) instanceof Catalogue.Refused) {
      return List.of();
    }
    return TrainedSet.of(Catalogue.require(plan.model()), plan.tuning()).shared().tensors().stream()
        .map(TensorSpec::name)
        .toList();
  }

  /**
   * Most bytes that the file of one of the study's versions can have: float32 values of what
   * travels and of what the rule adds, and a header. Empty if no model of the catalogue fits.
   */
  static Optional<Long> fileBytesMax(StudyPlan plan) {
    if (Catalogue.find(plan.model()) instanceof Catalogue.Refused) {
      return Optional.empty();
    }
    try {
      ParameterLayout layout =
          RoundLayout.of(
              TrainedSet.of(Catalogue.require(plan.model()), plan.tuning()).shared(),
              plan.aggregation());
      return Optional.of(
          Float.BYTES * layout.length()
              + TENSOR_HEADER_BYTES_MAX * layout.tensors().size()
              + SHEET_BYTES_MAX);
    } catch (IllegalArgumentException senseless) {
      return Optional.empty(); // the tuning does not fit the model: such a study is refused anyway
    }
  }

  /** Words of all kinds of question. */
  static List<String> tasks() {
    return java.util.Arrays.stream(StudyPlan.Task.Type.values()).map(PlanTerms::word).toList();
  }

  private static String word(StudyPlan.Task.Type type) {
    return type.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
