package org.consilium.models.arch;

import ai.djl.ndarray.NDArray;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * softmax(q·kᵀ / √d + mask)·v (A. Vaswani et al. 2017, equation 1) for every head. Without a mask
 * it is the engine's {@code aten::scaled_dot_product_attention}, which never holds all N² shares
 * (T. Dao et al. 2022), where it can be reached; otherwise the same out of the engine's parts.
 */
final class Attention {
  private static final int ARGUMENTS = 8;

  private final Optional<EngineCalls> engine;
  private final MemorySegment operation =
      Arena.ofAuto().allocateFrom("aten::scaled_dot_product_attention");

  private Attention(Optional<EngineCalls> engine) {
    this.engine = engine;
  }

  /** The faster way if the loaded engine has it. */
  static Attention find() {
    return new Attention(EngineCalls.find());
  }

  /** Always out of the engine's parts. */
  static Attention composed() {
    return new Attention(Optional.empty());
  }

  /**
   * What the values are mixed to.
   *
   * @param query [B, h, N, d], as the others
   * @param mask [N, N], added to the logits; null for none
   * @return [B, h, N, d], owned by the manager of {@code query}
   */
  NDArray apply(NDArray query, NDArray key, NDArray value, @Nullable NDArray mask) {
    if (engine.isPresent() && mask == null) {
      return engine
          .get()
          .call(
              operation,
              query,
              ARGUMENTS,
              slots ->
                  slots
                      .tensor(query)
                      .tensor(key)
                      .tensor(value)
                      .whole(0) // no mask
                      .real(0) // no dropout
                      .whole(0) // not causal
                      .whole(0) // the usual scale
                      .whole(0)); // as many keys as queries
    }
    double scale = 1 / Math.sqrt((double) query.getShape().get(3));
    NDArray logits = query.mul(scale).matMul(key.transpose(0, 1, 3, 2));
    return (mask == null ? logits : logits.add(mask)).softmax(-1).matMul(value);
  }
}
