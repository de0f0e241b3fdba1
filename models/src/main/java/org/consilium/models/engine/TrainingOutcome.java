package org.consilium.models.engine;

/** How a round's training ended. */
public sealed interface TrainingOutcome {
  /**
   * All steps were done; the model holds the new parameters.
   *
   * @param loss mean over the last epoch's examples, natural units, before each step
   * @param steps optimiser steps
   * @param gradientNorm mean L2 norm of the last epoch's step gradients, before the bound
   * @param rates sum of the steps' learning rates
   * @param microBatch examples that went through the network at once at the end
   */
  record Trained(double loss, int steps, double gradientNorm, double rates, int microBatch)
      implements TrainingOutcome {}

  /**
   * The loss or the gradient stopped being finite. The parameters are not to be used.
   *
   * @param step from 1
   */
  record Diverged(int round, int step, double loss) implements TrainingOutcome {}

  /** The watcher stopped the run after step {@code step}. The parameters are not to be used. */
  record Stopped(int step) implements TrainingOutcome {}

  /** Nobody paid for the step after {@code step}, so that it was not made. */
  record Unpaid(int step) implements TrainingOutcome {}
}
