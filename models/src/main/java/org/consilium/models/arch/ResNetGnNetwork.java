package org.consilium.models.arch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.convolutional.Conv2d;
import org.consilium.models.catalog.ResNetGn;

/**
 * K. He, X. Zhang, S. Ren, J. Sun, "Deep Residual Learning for Image Recognition", CVPR 2016 (basic
 * block, section 3.3); Y. Wu, K. He, "Group Normalization", ECCV 2018, in place of batch
 * normalisation.
 */
final class ResNetGnNetwork implements Encoder {
  private final ResNetGn shape;
  private final GroupNorm norm;

  ResNetGnNetwork(ResNetGn shape, GroupNorm norm) {
    this.shape = shape;
    this.norm = norm;
  }

  @Override
  public NDArray embed(NDArray images, Weights weights, Trace trace) {
    NDArray x = convolve(images, weights.get("conv1.weight"), shape.stemStride());
    x = Activation.relu(norm(x, weights.at("bn1.")));
    for (int stage = 0; stage < shape.widths().size(); stage++) {
      x = block(x, weights.at("layer" + (stage + 1) + ".0."), stage);
    }
    long[] size = x.getShape().getShape();
    return x.reshape(size[0], size[1], size[2] * size[3]).mean(new int[] {2});
  }

  @Override
  public NDArray head(NDArray embedding, Weights weights) {
    return weights.linear(embedding, "fc");
  }

  private NDArray block(NDArray x, Weights weights, int stage) {
    int stride = stage == 0 ? 1 : 2;
    NDArray y = convolve(x, weights.get("conv1.weight"), stride);
    y = Activation.relu(norm(y, weights.at("bn1.")));
    y = convolve(y, weights.get("conv2.weight"), 1);
    y = norm(y, weights.at("bn2."));
    NDArray shortcut =
        stage == 0
            ? x
            : norm(
                convolve(x, weights.get("downsample.0.weight"), stride),
                weights.at("downsample.1."));
    return Activation.relu(y.add(shortcut));
  }

  private NDArray norm(NDArray x, Weights weights) {
    return norm.apply(x, weights.get("weight"), weights.get("bias"));
  }

  /** Convolution without bias that keeps the size up to its stride. */
  private static NDArray convolve(NDArray x, NDArray weight, int stride) {
    int margin = (int) (weight.getShape().get(2) / 2);
    return Conv2d.conv2d(x, weight, null, new Shape(stride, stride), new Shape(margin, margin))
        .singletonOrThrow();
  }
}
