package org.consilium.coordinator.study;

import java.util.Locale;
import java.util.Optional;
import org.consilium.coordinator.yaml.YamlMap;
import org.consilium.protocol.PatientPrivacy;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.StudyPlan.Protection;
import org.consilium.protocol.Training;
import org.consilium.security.privacy.NoisySteps;
import org.consilium.security.privacy.Spend;

/**
 * What a study spends of each patient's privacy, by its plan alone: nothing here has seen a site's
 * data. The noise is worked out once, when a study file is read, and is part of the plan.
 */
public final class StudyPrivacy {
  private static final double RATE = 0.1;

  /** The least noise is rounded up to this many parts, so that a plan can be read. */
  private static final double SIGMA_PARTS = 10_000;

  private StudyPrivacy() {}

  /**
   * ε of each patient of a site after some rounds that none had to begin again, in nats, at the
   * plan's δ; empty without noise.
   */
  public static Optional<Double> epsilon(StudyPlan plan, int rounds) {
    return plan.protection()
        .patients()
        .map(
            terms ->
                epsilon(
                    terms.sigma(),
                    terms.rate(),
                    (long) terms.roundSteps(plan.training()) * rounds,
                    terms.delta()));
  }

  /** Why a plan's noise does not keep what the plan promises, if it does not. */
  static Optional<String> objection(StudyPlan plan) {
    Optional<PatientPrivacy> terms = plan.protection().patients();
    Optional<Double> spent = epsilon(plan, plan.rounds());
    return terms.isPresent() && spent.isPresent() && spent.get() > terms.get().epsilon()
        ? Optional.of(
            "privacy: dp: sigma %s comes to epsilon %.4f in %d rounds, the plan says %s"
                .formatted(terms.get().sigma(), spent.get(), plan.rounds(), terms.get().epsilon()))
        : Optional.empty();
  }

  /** Whether a study file asks for noise. */
  static boolean asked(YamlMap privacy) {
    return privacy.has("dp");
  }

  /**
   * The noise that a study file asks for: the least that keeps its {@code epsilon}, or its own
   * {@code sigma}.
   *
   * @return empty with a problem noted
   */
  static Optional<PatientPrivacy> read(YamlMap dp, Training training, int rounds) {
    double delta = dp.number("delta", 1e-5);
    double clip = dp.number("clip", 1);
    double rate = dp.number("rate", RATE);
    double sigma = dp.number("sigma", 0);
    double epsilon = dp.number("epsilon", 0);
    dp.end();
    if (!dp.has("epsilon") && !dp.has("sigma")) {
      dp.problem("epsilon", "this key is required, unless sigma is given");
      return Optional.empty();
    }
    return dp.build(
        () -> {
          // Bounds first: the search below would say less plainly what is wrong.
          PatientPrivacy bounds =
              new PatientPrivacy(
                  dp.has("epsilon") ? epsilon : 1, delta, dp.has("sigma") ? sigma : 1, clip, rate);
          long steps =
              (long) PatientPrivacy.roundSteps(training, rate) * PatientPrivacy.paidRounds(rounds);
          if (dp.has("sigma")) {
            double spent = epsilon(bounds.sigma(), rate, steps, delta);
            if (dp.has("epsilon") && spent > epsilon) {
              throw new IllegalArgumentException(
                  "sigma is too small for epsilon %s: it comes to %.4f; leave sigma out"
                      .formatted(epsilon, spent));
            }
            return new PatientPrivacy(
                dp.has("epsilon") ? epsilon : rounded(spent), delta, sigma, clip, rate);
          }
          double least = least(epsilon, delta, rate, steps);
          return new PatientPrivacy(
              epsilon, delta, Math.max(PatientPrivacy.SIGMA_MIN, least), clip, rate);
        });
  }

  private static double least(double epsilon, double delta, double rate, long steps) {
    // Checked before the search, which would fail less plainly.
    if (epsilon(PatientPrivacy.SIGMA_MAX, rate, steps, delta) > epsilon) {
      throw new IllegalArgumentException(
          "epsilon is too small for %d steps at rate %s: no noise is enough"
              .formatted(steps, rate));
    }
    double least = Spend.none().leastSigma(epsilon, delta, rate, steps);
    return Math.ceil(least * SIGMA_PARTS) / SIGMA_PARTS;
  }

  private static double rounded(double epsilon) {
    return Math.ceil(epsilon * SIGMA_PARTS) / SIGMA_PARTS;
  }

  private static double epsilon(double sigma, double rate, long steps, double delta) {
    return Spend.none().plus(new NoisySteps(sigma, rate, steps)).guarantee(delta).epsilon();
  }

  /** A plan's bounds with its noise. */
  static Optional<Protection> with(Optional<Protection> bounds, Optional<PatientPrivacy> noise) {
    return noise.isPresent() ? bounds.map(b -> b.with(noise.get())) : bounds;
  }

  /**
   * What the version of a round has spent of each patient, in a sentence. ε is rounded up, to a
   * millionth.
   */
  static String spent(StudyPlan plan, int round) {
    PatientPrivacy terms = plan.protection().patients().orElseThrow();
    double epsilon = Math.ceil(epsilon(plan, round).orElseThrow() * 1e6) / 1e6;
    return String.format(
        Locale.ROOT,
        "Up to this version, %d round(s) of %d steps: epsilon %.6f; a round that was begun again"
            + " counts again at its sites, and their ledgers end at %s.",
        round,
        terms.roundSteps(plan.training()),
        epsilon,
        terms.epsilon());
  }

  /** What the plan promises each patient, in a line; empty without noise. */
  public static Optional<String> words(StudyPlan plan) {
    return plan.protection()
        .patients()
        .map(
            p ->
                "epsilon at most %s at delta %s for each patient of a site: noise %s times the clip of %s, rate %s, %d steps a round"
                    .formatted(
                        p.epsilon(),
                        p.delta(),
                        p.sigma(),
                        p.clip(),
                        p.rate(),
                        p.roundSteps(plan.training())));
  }
}
