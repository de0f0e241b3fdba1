package org.consilium.models.arch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import org.consilium.models.catalog.ConvNeXt;

/**
 * Z. Liu et al., "A ConvNet for the 2020s", CVPR 2022; S. Woo et al., "ConvNeXt V2", CVPR 2023
 * (global response normalisation, section 3). Channels stand last between the depthwise
 * convolutions.
 */
final class ConvNeXtNetwork implements Encoder {
  private final ConvNeXt.Form form;

  ConvNeXtNetwork(ConvNeXt.Form form) {
    this.form = form;
  }

  @Override
  public NDArray embed(NDArray images, Weights weights, Trace trace) {
    NDArray x = patches(Convolution.channelsLast(images), weights, "stem.0");
    x = weights.layerNorm(x, "stem.1", form.block().epsilon());
    seen("stem", x, trace);
    for (int stage = 0; stage < form.depths().size(); stage++) {
      Weights inside = weights.at("stages." + stage + ".");
      if (stage > 0) {
        x = inside.layerNorm(x, "downsample.0", form.block().epsilon());
        x = patches(x, inside, "downsample.1");
        seen("stage." + stage + ".downsample", x, trace);
      }
      for (int block = 0; block < form.depths().get(stage); block++) {
        x = block(x, inside.at("blocks." + block + "."));
        seen("stage." + stage + ".block." + block, x, trace);
      }
    }
    seen("features", x, trace);
    Shape size = x.getShape();
    NDArray pooled = x.reshape(size.get(0), -1, size.get(3)).mean(new int[] {1});
    NDArray embedding = weights.layerNorm(pooled, "head.norm", form.block().epsilon());
    trace.seen("pre_logits", embedding);
    return embedding;
  }

  @Override
  public NDArray head(NDArray embedding, Weights weights) {
    return weights.has("head.fc.weight") ? weights.linear(embedding, "head.fc") : embedding;
  }

  private NDArray block(NDArray x, Weights weights) {
    NDArray y =
        Convolution.depthwise(
            Convolution.channelsFirst(x),
            weights.get("conv_dw.weight"),
            weights.optional("conv_dw.bias"),
            1);
    y = weights.layerNorm(Convolution.channelsLast(y), "norm", form.block().epsilon());
    y = Activation.gelu(weights.linear(y, "mlp.fc1"));
    if (weights.has("mlp.grn.weight")) {
      y = responseNorm(y, weights.get("mlp.grn.weight"), weights.get("mlp.grn.bias"));
    }
    y = weights.linear(y, "mlp.fc2");
    if (weights.has("gamma")) {
      y = y.mul(weights.get("gamma"));
    }
    return x.add(y);
  }

  /** {@code x + (scale · x · n + shift)}, n the channel's norm over the image by their mean. */
  static NDArray responseNorm(NDArray x, NDArray scale, NDArray shift) {
    return x.mul(relativeNorm(x)).mul(scale).add(shift).add(x);
  }

  /** [batch, height, width, channels] to [batch, 1, 1, channels]. */
  static NDArray relativeNorm(NDArray x) {
    NDArray norms = x.norm(2, new int[] {1, 2}, true);
    return norms.div(norms.mean(new int[] {3}, true).add(ConvNeXt.Block.EPSILON));
  }

  private static NDArray patches(NDArray x, Weights weights, String layer) {
    return Convolution.patches(
        x, weights.get(layer + ".weight"), weights.optional(layer + ".bias"));
  }

  private static void seen(String name, NDArray x, Trace trace) {
    trace.seen(name, x.transpose(0, 3, 1, 2));
  }
}
