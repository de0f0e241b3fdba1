package org.consilium.models.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.util.SplittableRandom;
import java.util.function.IntFunction;
import org.consilium.models.arch.ContrastiveNetwork;
import org.consilium.models.arch.Encoder;
import org.consilium.models.arch.MaskedAutoencoderNetwork;
import org.consilium.models.data.ImageSet;

/**
 * What a training step is made of: its examples, a forward pass, and a loss in double precision.
 */
interface Objective {
  /** What a model of one vector or one drawing an image learns from images and classes. */
  static Objective of(LocalModel model, ImageSet images, TrainingRun run) throws IOException {
    return switch (model.network()) {
      case MaskedAutoencoderNetwork _ -> new MaskedObjective(MaskedDrawing.of(model), images, run);
      case ContrastiveNetwork _ -> new ContrastiveObjective(model, images, run);
      case Encoder _ when model.set().headOnly() -> new ProbeObjective(model, images, run);
      default -> new LabelledObjective(model, images, run);
    };
  }

  /** Makes the same objective for a model, or for one of its replicas. */
  @FunctionalInterface
  interface Making {
    /** An objective that reads the parameters of {@code model}. */
    Objective on(LocalModel model) throws IOException;
  }

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

  /** A step was made: what has bounds is brought back into them. */
  default void stepped() {}

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
