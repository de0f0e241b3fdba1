package org.consilium.models.arch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.LayerNorm;
import java.util.Map;
import org.consilium.models.tune.TrainedSet;
import org.jspecify.annotations.Nullable;

/**
 * A network's parameters by name. A linear layer whose low-rank adapter is among them gets it added
 * (E. Hu et al., "LoRA", ICLR 2022): the networks themselves know nothing of adapters. The arrays
 * are the caller's.
 */
public final class Weights {
  private final Map<String, NDArray> arrays;
  private final String prefix;
  private final double adapterScale;

  private Weights(Map<String, NDArray> arrays, String prefix, double adapterScale) {
    this.arrays = arrays;
    this.prefix = prefix;
    this.adapterScale = adapterScale;
  }

  /** Weights without adapters; the map is read, not copied. */
  public static Weights of(Map<String, NDArray> arrays) {
    return new Weights(arrays, "", 0);
  }

  /** Weights with adapters, which are multiplied by {@code scale} = α/r. */
  public static Weights of(Map<String, NDArray> arrays, double scale) {
    return new Weights(arrays, "", scale);
  }

  /** The same with a longer prefix: {@code at("blocks.0.").get("norm1.weight")}. */
  public Weights at(String more) {
    return new Weights(arrays, prefix + more, adapterScale);
  }

  public boolean has(String name) {
    return arrays.containsKey(prefix + name);
  }

  /**
   * One tensor.
   *
   * @throws IllegalArgumentException if there is none of that name
   */
  public NDArray get(String name) {
    NDArray found = arrays.get(prefix + name);
    if (found == null) {
      throw new IllegalArgumentException("network: there is no tensor " + prefix + name);
    }
    return found;
  }

  /**
   * {@code layer.weight} and, if there is one, {@code layer.bias}: [.., inputs] to [.., outputs].
   */
  public NDArray linear(NDArray x, String layer) {
    return linear(x, layer, ".");
  }

  /** The same with another {@code joint} between the layer's name and {@code weight}. */
  NDArray linear(NDArray x, String layer, String joint) {
    NDArray weight = matrix(x, layer + joint + "weight");
    NDArray y = Linear.linear(x, weight, optional(layer + joint + "bias")).singletonOrThrow();
    if (!has(layer + TrainedSet.LORA_A)) {
      return y;
    }
    NDArray low = Linear.linear(x, get(layer + TrainedSet.LORA_A), null).singletonOrThrow();
    NDArray added = Linear.linear(low, get(layer + TrainedSet.LORA_B), null).singletonOrThrow();
    return y.add(added.mul(adapterScale));
  }

  /** Layer normalisation over the last axis. */
  public NDArray layerNorm(NDArray x, String layer, float epsilon) {
    NDArray weight = get(layer + ".weight");
    Shape last = new Shape(weight.getShape().get(0));
    return LayerNorm.layerNorm(x, last, weight, get(layer + ".bias"), epsilon).singletonOrThrow();
  }

  /** A linear layer's weight, which some files store as a convolution [outputs, inputs, 1, 1]. */
  private NDArray matrix(NDArray x, String name) {
    NDArray weight = get(name);
    return weight.getShape().dimension() == 2
        ? weight
        : Convolution.attached(x, weight.reshape(weight.getShape().get(0), -1));
  }

  @Nullable NDArray optional(String name) {
    return arrays.get(prefix + name);
  }
}
