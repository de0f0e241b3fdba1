package org.consilium.site.train;

import java.io.IOException;
import java.util.Optional;
import org.consilium.site.policy.Why;

/** How a task's training ended. */
public sealed interface TrainingResult {
  /** The delta is there. Close it when it has been protected: it holds native memory and a file. */
  final class Trained implements TrainingResult, AutoCloseable {
    private final Delta delta;
    private final double loss;
    private final int steps;
    private final Optional<double[]> holdoutLogits;
    private final Resource resource;

    Trained(
        Delta delta, double loss, int steps, Optional<double[]> holdoutLogits, Resource resource) {
      this.delta = delta;
      this.loss = loss;
      this.steps = steps;
      this.holdoutLogits = holdoutLogits;
      this.resource = resource;
    }

    /** The plain delta; for {@code site.protect} alone. */
    public Delta delta() {
      return delta;
    }

    /** Mean training loss of the last local epoch. */
    public double loss() {
      return loss;
    }

    /** Optimiser steps. */
    public int steps() {
      return steps;
    }

    /**
     * Logits of the hold-out by the trained model, row-major; empty where the rule does not ask
     * what the mean does to them.
     */
    public Optional<double[]> holdoutLogits() {
      return holdoutLogits;
    }

    @Override
    public void close() throws IOException {
      resource.close();
    }
  }

  /**
   * There is no delta.
   *
   * @param why what the coordinator is told
   * @param detail what the local log is told
   */
  record Failed(Why why, String detail) implements TrainingResult {}

  /** The watcher stopped it. */
  record Stopped() implements TrainingResult {}

  /** What a delta reads from. */
  @FunctionalInterface
  interface Resource extends AutoCloseable {
    @Override
    void close() throws IOException;
  }
}
