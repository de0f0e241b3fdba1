package org.consilium.protocol;

import static org.consilium.protocol.StudyPlan.check;

/**
 * Differentially private training at every site (DP-SGD, Abadi et al. 2016), with a patient as the
 * unit: each step draws every patient by chance alone, clips the gradient of all of a patient's
 * images together to {@link #clip}, sums, adds Gaussian noise of standard deviation σ·clip, and
 * divides by the expected number of patients. Nothing here depends on a site's data.
 *
 * @param epsilon ε that the study spends at most of each patient of a site, in nats, in (0, 50]
 * @param delta δ, in (0, 1e-3]: less than one over the number of patients
 * @param sigma σ, noise multiplier, in [0.3, 10000]
 * @param clip C, largest L2 norm of one patient's gradient, in (0, 1000]
 * @param rate q, chance of each patient to be in a step, in [0.0001, 1]
 */
public record PatientPrivacy(double epsilon, double delta, double sigma, double clip, double rate) {
  /** With less noise than this a step hides next to nothing. */
  public static final double SIGMA_MIN = 0.3;

  /** With more than this a training learns nothing. */
  public static final double SIGMA_MAX = 10_000;

  /** Most steps of a round: each costs a pass for every patient drawn. */
  private static final long ROUND_STEPS_MAX = 100_000;

  private static final int SPARE_SHARE = 10; // one round in ten is begun again

  /** Refuses what is no such training. */
  public PatientPrivacy {
    check(epsilon > 0 && epsilon <= 50, "epsilon must be in (0, 50]", epsilon);
    check(delta > 0 && delta <= 1e-3, "delta must be in (0, 0.001]", delta);
    check(
        sigma >= SIGMA_MIN && sigma <= SIGMA_MAX,
        "sigma must be in [%s, 10000]".formatted(SIGMA_MIN),
        sigma);
    check(clip > 0 && clip <= 1000, "clip must be in (0, 1000]", clip);
    check(rate >= 1e-4 && rate <= 1, "rate must be in [0.0001, 1]", rate);
  }

  /** Steps of one round: the plan's own number, or as many as a patient is in once an epoch. */
  public int roundSteps(Training training) {
    return roundSteps(training, rate);
  }

  /** The same before there is a noise multiplier. */
  public static int roundSteps(Training training, double rate) {
    double steps =
        training.localSteps() > 0
            ? training.localSteps()
            : Math.ceil(training.localEpochs() / rate - 1e-9);
    check(steps <= ROUND_STEPS_MAX, "rate makes too many steps a round, at most 100000", steps);
    return (int) steps;
  }

  /** Rounds that ε pays for: those of the plan, and one in ten, at least one, to begin again. */
  public static int paidRounds(int rounds) {
    return rounds + Math.ceilDiv(rounds, SPARE_SHARE);
  }

  /** What private training does not go with; each says why. */
  void require(StudyPlan.Task task, Aggregation aggregation, Training training) {
    boolean apart =
        switch (task.type()) {
          case CLASSIFICATION, MULTILABEL, SEGMENTATION, MASKED -> true;
          case CONTRASTIVE, IMAGE_TEXT -> false;
        };
    check(
        apart,
        "privacy: dp does not go with this task: its loss compares patients, so that none has a"
            + " gradient of its own",
        task.type());
    check(
        task.correction().equals("none"),
        "privacy: dp needs correction none: others tell how many patients have a finding",
        task.correction());
    boolean mean =
        switch (aggregation.rule()) {
          case FEDAVG, FEDAVGM, FEDADAM, FEDYOGI, FEDADAGRAD -> true;
          case FEDNOVA, SCAFFOLD, FEDDG_GA, FEDEMA -> false;
        };
    check(
        mean,
        "privacy: dp does not go with algorithm %s: sites would send more than is accounted for"
            .formatted(aggregation.rule().word()),
        aggregation.rule());
    check(
        !training.localBaseline(),
        "privacy: dp needs localBaseline false: its scores would tell of training without noise",
        training.localBaseline());
    check(
        !training.personal().wanted(),
        "privacy: dp needs personal none: its scores would tell of training without noise",
        training.personal().method());
    int _ = roundSteps(training); // not too many
  }
}
