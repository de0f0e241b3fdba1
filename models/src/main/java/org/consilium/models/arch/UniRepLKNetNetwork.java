package org.consilium.models.arch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import org.consilium.models.catalog.UniRepLKNet;

/**
 * X. Ding et al., "UniRepLKNet: A Universal Perception Large-Kernel ConvNet", CVPR 2024. Channels
 * stand first between the blocks.
 */
final class UniRepLKNetNetwork implements Encoder {
  private static final float EPSILON = 1e-6f;

  private final UniRepLKNet.Form form;

  UniRepLKNetNetwork(UniRepLKNet.Form form) {
    this.form = form;
  }

  @Override
  public NDArray embed(NDArray images, Weights weights, Trace trace) {
    NDArray x = Activation.gelu(reduced(images, weights, "downsample_layers.0.", 0));
    for (int stage = 0; stage < form.widths().size(); stage++) {
      x = reduced(x, weights, "downsample_layers." + stage + ".", stage == 0 ? 3 : 0);
      trace.seen("downsample." + stage, x);
      for (int block = 0; block < form.kernels().get(stage).size(); block++) {
        Weights inside = weights.at("stages.%d.%d.".formatted(stage, block));
        x = UniRepLKNetBlock.apply(x, inside, Trace.NONE);
      }
      trace.seen("stage." + stage, x);
    }
    Shape size = x.getShape();
    NDArray pooled = x.reshape(size.get(0), size.get(1), -1).mean(new int[] {2});
    return weights.layerNorm(pooled, "norm", EPSILON);
  }

  @Override
  public NDArray head(NDArray embedding, Weights weights) {
    return weights.linear(embedding, "head");
  }

  /** A convolution that halves the image, and the normalisation after it. */
  private static NDArray reduced(NDArray x, Weights weights, String layers, int place) {
    Weights inside = weights.at(layers);
    NDArray y =
        Convolution.dense(x, inside.get(place + ".weight"), inside.optional(place + ".bias"), 2, 1);
    NDArray last = Convolution.channelsLast(y);
    String norm = Integer.toString(place + 1);
    return Convolution.channelsFirst(inside.layerNorm(last, norm, EPSILON));
  }
}
