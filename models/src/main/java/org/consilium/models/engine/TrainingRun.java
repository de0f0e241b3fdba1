package org.consilium.models.engine;

import java.util.Optional;
import org.consilium.models.params.ParameterSource;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.Training;

/**
 * One round's training at one site.
 *
 * @param task the study's question
 * @param plan the study's training settings
 * @param round from 1
 * @param rounds of the study, for the learning rate's course
 * @param seed decides order and augmentation, together with the round
 * @param anchor what the proximal term pulls towards; empty is the parameters at the start
 * @param correction added to every gradient before its bound, in the layout of what travels;
 *     shared, not written to
 * @param noise what hides each patient; empty trains as usual
 * @param watch told of every step
 */
public record TrainingRun(
    StudyPlan.Task task,
    Training plan,
    int round,
    int rounds,
    long seed,
    Optional<ParameterSource> anchor,
    Optional<float[]> correction,
    Optional<PatientNoise> noise,
    Watch watch) {
  public TrainingRun {
    if (round < 1 || round > rounds) {
      throw new IllegalArgumentException(
          "training run: round must be 1-%d, got %d".formatted(rounds, round));
    }
  }

  /** A round of a study. */
  public static TrainingRun of(StudyPlan study, int round, long seed, Watch watch) {
    return new TrainingRun(
        study.task(),
        study.training(),
        round,
        study.rounds(),
        seed,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        watch);
  }

  /** A plain classification that nobody watches. */
  public static TrainingRun of(Training plan, int round, int rounds, long seed) {
    StudyPlan.Task task = new StudyPlan.Task(StudyPlan.Task.Type.CLASSIFICATION, "none");
    return new TrainingRun(
        task,
        plan,
        round,
        rounds,
        seed,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        (_, _, _) -> true);
  }

  /** The same with another plan. */
  public TrainingRun with(Training other) {
    return new TrainingRun(task, other, round, rounds, seed, anchor, correction, noise, watch);
  }

  /** The same for another question. */
  public TrainingRun asking(StudyPlan.Task other) {
    return new TrainingRun(other, plan, round, rounds, seed, anchor, correction, noise, watch);
  }

  /** The same, watched. */
  public TrainingRun watched(Watch by) {
    return new TrainingRun(task, plan, round, rounds, seed, anchor, correction, noise, by);
  }

  /** The same, pulled towards {@code other}. */
  public TrainingRun towards(ParameterSource other) {
    return new TrainingRun(
        task, plan, round, rounds, seed, Optional.of(other), correction, noise, watch);
  }

  /** The same with corrected gradients. */
  public TrainingRun corrected(Optional<float[]> by) {
    return new TrainingRun(task, plan, round, rounds, seed, anchor, by, noise, watch);
  }

  /** The same, hiding each patient. */
  public TrainingRun hiding(Optional<PatientNoise> by) {
    return new TrainingRun(task, plan, round, rounds, seed, anchor, correction, by, watch);
  }

  /** Looks on and may stop the run. */
  @FunctionalInterface
  public interface Watch {
    /**
     * Called after each step on the training thread.
     *
     * @return whether to go on
     */
    boolean step(int step, int steps, double loss);
  }

  /** Learning rate of step {@code step} (from 0) of {@code steps} in this round. */
  double learningRate(int step, int steps) {
    Training.Schedule schedule = plan.schedule();
    double rate = plan.optimiser().learningRate();
    double done = round - 1 + (double) step / steps;
    if (done < schedule.warmupRounds()) {
      // The first step is a step, too: the rate after it, not before it.
      rate *= (done + 1.0 / steps) / (schedule.warmupRounds() + 1.0 / steps);
    }
    if (schedule.cosine()) {
      rate *= (1 + StrictMath.cos(Math.PI * done / rounds)) / 2;
    }
    return round == 1 ? rate * schedule.firstRoundFactor() : rate;
  }
}
