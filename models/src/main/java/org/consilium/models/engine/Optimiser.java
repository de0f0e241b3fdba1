package org.consilium.models.engine;

import java.util.List;

/** Takes steps on some tensors from the gradients that stand beside them, and uses these up. */
sealed interface Optimiser permits AdamW, Sgd {
  /**
   * L2 norm of the whole gradient with the proximal term, which is added to the stored gradient
   * here; not finite if a value is not.
   */
  double gradientNorm();

  /** One step. Call {@link #gradientNorm} before it and hand its result in. */
  void step(double learningRate, double gradientNorm);

  /** What it remembers between steps; its own arrays, which {@link #resume} takes as filled. */
  List<float[]> memory();

  /** Goes on after {@code steps} steps whose memory has been put back. */
  void resume(int steps);

  /** Forgets what backward passes have added up. */
  void dropGradients();

  /**
   * One trained tensor.
   *
   * @param decayed whether weight decay applies
   * @param rate factor on the learning rate
   */
  record Trained(
      TensorStorage weights, TensorStorage gradient, int length, boolean decayed, double rate) {}
}
