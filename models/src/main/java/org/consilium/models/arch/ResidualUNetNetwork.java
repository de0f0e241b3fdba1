package org.consilium.models.arch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Activation;
import org.consilium.models.catalog.ResidualUNet;

/**
 * E. Kerfoot et al., "Left-Ventricle Quantification Using Residual U-Net", STACOM 2018: a residual
 * unit on every level down, a transposed convolution and a residual unit on every level up.
 */
final class ResidualUNetNetwork implements Network {
  private final ResidualUNet.Form form;
  private final InstanceNorm norm;

  ResidualUNetNetwork(ResidualUNet.Form form, NDManager constants) {
    this.form = form;
    this.norm = new InstanceNorm(constants);
  }

  @Override
  public NDArray logits(NDArray images, Weights weights, Trace trace) {
    NDArray logits = level(images, weights.at("model."), 0);
    trace.seen("logits", logits);
    return logits;
  }

  private NDArray level(NDArray x, Weights weights, int level) {
    int stride = form.strides().get(level);
    NDArray down = residual(x, weights.at("0."), stride);
    Weights below = weights.at("1.submodule.");
    boolean last = level + 2 == form.channels().size();
    NDArray deep = last ? residual(down, below, 1) : level(down, below, level + 1);
    NDArray joined = down.concat(deep, 1);
    Weights up = weights.at("2.0.");
    NDArray raised =
        Convolution.transposed(joined, up.get("conv.weight"), up.optional("conv.bias"), stride);
    return residual(activated(raised, up), weights.at("2.1."), 1);
  }

  private NDArray residual(NDArray x, Weights weights, int stride) {
    NDArray y = x;
    for (int unit = 0; weights.has("conv.unit%d.conv.weight".formatted(unit)); unit++) {
      Weights inside = weights.at("conv.unit%d.".formatted(unit));
      y = convolution(y, inside, "conv", unit == 0 ? stride : 1);
      y = activated(y, inside);
    }
    boolean same = !weights.has("residual.weight");
    return y.add(same ? x : convolution(x, weights, "residual", stride));
  }

  private static NDArray convolution(NDArray x, Weights weights, String layer, int stride) {
    NDArray weight = weights.get(layer + ".weight");
    int margin = (int) weight.getShape().get(2) / 2;
    return Convolution.dense(x, weight, weights.optional(layer + ".bias"), stride, margin);
  }

  /** Normalised, with its own slope below zero; the last unit of all is a bare convolution. */
  private NDArray activated(NDArray x, Weights weights) {
    if (!weights.has("adn.A.weight")) {
      return x;
    }
    NDArray even = norm.apply(x);
    NDArray below = Activation.relu(even.neg()).mul(weights.get("adn.A.weight"));
    return Activation.relu(even).sub(below);
  }
}
