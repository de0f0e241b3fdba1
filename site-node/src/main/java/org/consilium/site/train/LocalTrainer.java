package org.consilium.site.train;

import java.io.IOException;

/**
 * Turns one task into a delta. The same job gives the same delta, bit for bit, on the same kind of
 * CPU with one thread.
 */
public sealed interface LocalTrainer permits EngineTrainer, SyntheticTrainer {
  /**
   * Trains.
   *
   * @param watch told of every step; false stops the run
   * @throws IOException if the base cannot be read or the engine is not there
   */
  TrainingResult train(TrainingJob job, Watch watch) throws IOException;

  /** Looks on and may stop the run. */
  @FunctionalInterface
  interface Watch {
    /** Called after each step with the step's loss; returns whether to go on. */
    boolean step(int step, int steps, double loss);
  }
}
