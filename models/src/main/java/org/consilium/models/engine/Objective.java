package org.consilium.models.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.SplittableRandom;
import java.util.function.IntFunction;

/**
 * What a training step is made of: its examples, a forward pass, and a loss in double precision.
 */
interface Objective {
  /** Number of examples. */
  int count();

  /** Whether a step may be cut into parts: not if its examples are compared with one another. */
  boolean divisible();

  /**
   * Runs some examples forward and hands each output with its slope to {@code back}.
   *
   * @return sum of the examples' losses, natural units
   */
  double pass(NDManager scope, Draw draw, Backward back);

  /** One blank example forward, to make the gradients exist. */
  NDArray blank(NDManager scope);

  /**
   * Some examples of a step.
   *
   * @param places which examples
   * @param share examples of the whole step: the loss is their mean
   * @param random a generator of its own for an example
   */
  record Draw(int[] places, int share, IntFunction<SplittableRandom> random) {}

  /** Takes outputs with their slopes. */
  @FunctionalInterface
  interface Backward {
    /**
     * One output.
     *
     * @param slope derivative of the step's loss by each value of the output, row-major
     */
    void accept(NDArray output, float[] slope);
  }
}
