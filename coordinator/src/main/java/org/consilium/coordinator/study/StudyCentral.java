package org.consilium.coordinator.study;

import java.util.Locale;
import java.util.Optional;
import org.consilium.coordinator.yaml.YamlMap;
import org.consilium.protocol.CentralPrivacy;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.StudyPlan.Protection;
import org.consilium.security.privacy.NoisySteps;
import org.consilium.security.privacy.Spend;

/**
 * What central noise promises, by a study's plan alone. Each published version is one release of
 * the Gaussian mechanism that every site is in; ε is counted by the accountant that also counts
 * noisy steps at sites.
 */
public final class StudyCentral {
  /** The least noise is rounded up to this many parts, so that a plan can be read. */
  private static final double PARTS = 10_000;

  private StudyCentral() {}

  /**
   * ε of some published versions for one site's update being replaced by nothing, in nats, at the
   * plan's δ; empty without central noise.
   */
  public static Optional<Double> siteEpsilon(StudyPlan plan, int rounds) {
    return plan.protection().central().map(c -> epsilon(c.sigma(), c.delta(), rounds));
  }

  /**
   * The same for one patient, who is at one site alone: without them its update is another one of
   * at most the clip, so the sum moves by up to twice the clip.
   */
  public static Optional<Double> patientEpsilon(StudyPlan plan, int rounds) {
    return plan.protection().central().map(c -> epsilon(c.sigma() / 2, c.delta(), rounds));
  }

  /** Versions that were published so far. */
  public static int versions(StudySnapshot study) {
    return (int) study.rounds().stream().filter(r -> r.version().isPresent()).count();
  }

  /** Why a plan's noise does not keep what the plan promises, if it does not. */
  static Optional<String> objection(StudyPlan plan) {
    Optional<CentralPrivacy> terms = plan.protection().central();
    Optional<Double> spent = siteEpsilon(plan, plan.rounds());
    return terms.isPresent() && spent.isPresent() && spent.get() > terms.get().epsilon()
        ? Optional.of(
            "privacy: central: sigma %s comes to epsilon %.4f in %d rounds, the plan says %s"
                .formatted(terms.get().sigma(), spent.get(), plan.rounds(), terms.get().epsilon()))
        : Optional.empty();
  }

  /**
   * The noise that a study file asks for: the least that keeps its {@code epsilon}, or its own
   * {@code sigma}.
   *
   * @return empty where nothing is asked, or with a problem noted
   */
  static Optional<CentralPrivacy> read(YamlMap privacy, int rounds) {
    if (!privacy.has("central")) {
      return Optional.empty();
    }
    YamlMap central = privacy.map("central");
    double delta = central.number("delta", 1e-5);
    double sigma = central.number("sigma", 1);
    double epsilon = central.number("epsilon", 1);
    central.end();
    boolean chosen = central.has("sigma");
    if (chosen == central.has("epsilon")) {
      central.problem("epsilon", "give either epsilon or sigma: one follows from the other");
      return Optional.empty();
    }
    return central.build(
        () -> {
          CentralPrivacy bounds = new CentralPrivacy(epsilon, delta, sigma);
          if (chosen) {
            return new CentralPrivacy(up(epsilon(sigma, delta, rounds)), delta, sigma);
          }
          // Checked before the search, which would fail less plainly.
          if (epsilon(CentralPrivacy.SIGMA_MAX, delta, rounds) > epsilon) {
            throw new IllegalArgumentException(
                "epsilon is too small for %d rounds: no noise is enough".formatted(rounds));
          }
          double least = Spend.none().leastSigma(bounds.epsilon(), delta, 1, rounds);
          return new CentralPrivacy(epsilon, delta, Math.max(CentralPrivacy.SIGMA_MIN, up(least)));
        });
  }

  /** A plan's bounds with central noise. */
  static Optional<Protection> with(Optional<Protection> bounds, Optional<CentralPrivacy> noise) {
    return noise.isPresent() ? bounds.map(b -> b.with(noise.get())) : bounds;
  }

  /** What the plan promises and does not, in a line; empty without central noise. */
  public static Optional<String> words(StudyPlan plan) {
    return plan.protection().central().map(c -> words(plan, c, plan.rounds()));
  }

  /** The same for a model card: what the version of a round has come to. */
  static Optional<String> words(StudyPlan plan, int round) {
    return plan.protection().central().map(c -> words(plan, c, round));
  }

  private static String words(StudyPlan plan, CentralPrivacy c, int rounds) {
    return String.format(
        Locale.ROOT,
        "central noise, %s times the clip of %s on the sum: after %d round(s) epsilon %.6f at delta"
            + " %s for all that one site says, %.6f for one patient of one site; added by the"
            + " coordinator, which sees every update and is trusted with it; it hides who is in the"
            + " model versions, not in scores, norms and losses",
        c.sigma(),
        plan.protection().clip(),
        rounds,
        six(siteEpsilon(plan, rounds)),
        c.delta(),
        six(patientEpsilon(plan, rounds)));
  }

  private static double six(Optional<Double> epsilon) {
    return Math.ceil(epsilon.orElseThrow() * 1e6) / 1e6;
  }

  private static double up(double value) {
    return Math.ceil(value * PARTS) / PARTS;
  }

  private static double epsilon(double sigma, double delta, int rounds) {
    return Spend.none().plus(new NoisySteps(sigma, 1, rounds)).guarantee(delta).epsilon();
  }
}
