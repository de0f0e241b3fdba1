package org.consilium.models.arch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;

/**
 * Group normalisation (Y. Wu, K. He, "Group Normalization", ECCV 2018): each group of channels of
 * one image has mean 0 and variance 1, then each channel is scaled and shifted.
 */
interface GroupNorm {
  /** Added to the variance. */
  float EPSILON = 1e-5f;

  /**
   * Normalises a batch.
   *
   * @param x [batch, channels, height, width]
   * @param scale one value a channel
   * @param shift one value a channel
   * @return of x's shape, owned by its manager
   */
  NDArray apply(NDArray x, NDArray scale, NDArray shift);

  /** The engine's own where it can be reached, otherwise the same out of the engine's parts. */
  static GroupNorm of(int groups, NDManager constants) {
    return FusedGroupNorm.find(groups)
        .map(GroupNorm.class::cast)
        .orElseGet(() -> new ComposedGroupNorm(groups, constants));
  }
}
