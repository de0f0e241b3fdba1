package org.consilium.models.arch;

import ai.djl.ndarray.NDArray;

/** A network that makes one vector of each image, and a head that judges it. */
public interface Encoder extends Network {
  /**
   * What the head sees.
   *
   * @return [batch, width], owned by the manager of {@code images}
   */
  NDArray embed(NDArray images, Weights weights, Trace trace);

  /** [batch, width] to [batch, classes]; the embedding itself if the weights have no head. */
  NDArray head(NDArray embedding, Weights weights);

  @Override
  default NDArray logits(NDArray images, Weights weights, Trace trace) {
    NDArray logits = head(embed(images, weights, trace), weights);
    trace.seen("logits", logits);
    return logits;
  }
}
