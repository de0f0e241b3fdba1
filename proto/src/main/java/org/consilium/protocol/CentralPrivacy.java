package org.consilium.protocol;

import static org.consilium.protocol.StudyPlan.check;

import java.util.Locale;
import org.consilium.protocol.Aggregation.Weighting;

/**
 * Central differential privacy (McMahan et al. 2018, DP-FedAvg, every site in every round): the
 * coordinator cuts each update to the plan's clip S, adds them up, and adds Gaussian noise of
 * standard deviation σS in every coordinate. Whoever gets a model version, and nothing else, can
 * hardly tell what one site's update said. The coordinator itself sees every update.
 *
 * @param epsilon ε of all rounds for one site's update being replaced by nothing, in nats, in (0,
 *     200]
 * @param delta δ, in (0, 1e-3]
 * @param sigma σ, noise multiplier, in [0.1, 10000]
 */
public record CentralPrivacy(double epsilon, double delta, double sigma) {
  /** With less noise than this a round hides nothing. */
  public static final double SIGMA_MIN = 0.1;

  /** With more than this nothing is left of a round. */
  public static final double SIGMA_MAX = 10_000;

  /** Refuses what is no such noise. */
  public CentralPrivacy {
    check(epsilon > 0 && epsilon <= 200, "epsilon must be in (0, 200]", epsilon);
    check(delta > 0 && delta <= 1e-3, "delta must be in (0, 0.001]", delta);
    check(
        sigma >= SIGMA_MIN && sigma <= SIGMA_MAX,
        "sigma must be in [%s, 10000]".formatted(SIGMA_MIN),
        sigma);
  }

  /** What central noise does not go with; each says why. */
  static void require(Aggregation aggregation, StudyPlan.Protection protection) {
    check(
        protection.mode() == StudyPlan.Mode.SEALED,
        "privacy: central needs mode sealed: the coordinator cuts every update to the clip before"
            + " the sum, and under masks it sees the sum alone, so that one site that did not clip"
            + " would void the promise",
        protection.mode().name().toLowerCase(Locale.ROOT));
    check(
        protection.exposure().robustRule() instanceof Robust.None,
        "privacy: central does not go with a robust rule: how far one site moves it is not known",
        protection.exposure().robustRule().word());
    check(
        aggregation.weighting() == Weighting.UNIFORM,
        "privacy: central needs algorithm weighting uniform: the noise is for the heaviest site",
        aggregation.weighting().name().toLowerCase(Locale.ROOT));
    check(
        protection.patients().isEmpty(),
        "privacy: central does not go with dp: patients are hidden at their sites already",
        "both");
    boolean mean =
        switch (aggregation.rule()) {
          case FEDAVG, FEDAVGM, FEDADAM, FEDYOGI, FEDADAGRAD -> true;
          case FEDNOVA, SCAFFOLD, FEDDG_GA, FEDEMA -> false;
        };
    check(
        mean,
        "privacy: central does not go with algorithm %s: sites would send more than is cut"
            .formatted(aggregation.rule().word()),
        aggregation.rule());
  }
}
