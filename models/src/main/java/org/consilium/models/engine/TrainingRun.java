package org.consilium.models.engine;

import org.consilium.protocol.StudyPlan;

/**
 * One round's training at one site.
 *
 * @param plan the study's training settings
 * @param round from 1
 * @param rounds of the study, for the learning rate's cosine
 * @param seed decides order and augmentation, together with the round
 * @param watch told of every step
 */
public record TrainingRun(StudyPlan.Training plan, int round, int rounds, long seed, Watch watch) {
  public TrainingRun {
    if (round < 1 || round > rounds) {
      throw new IllegalArgumentException(
          "training run: round must be 1-%d, got %d".formatted(rounds, round));
    }
  }

  /** A run that nobody watches. */
  public static TrainingRun of(StudyPlan.Training plan, int round, int rounds, long seed) {
    return new TrainingRun(plan, round, rounds, seed, (_, _, _) -> true);
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
    double rate = plan.optimiser().learningRate();
    double done = round - 1 + (double) step / steps;
    if (done < plan.schedule().warmupRounds()) {
      // The first step is a step, too: the rate after it, not before it.
      rate *= (done + 1.0 / steps) / (plan.schedule().warmupRounds() + 1.0 / steps);
    }
    if (plan.schedule().cosine()) {
      double progress = done / rounds;
      rate *= (1 + StrictMath.cos(Math.PI * progress)) / 2;
    }
    return round == 1 ? rate * plan.schedule().firstRoundFactor() : rate;
  }
}
