package org.consilium.models.arch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import java.util.Iterator;
import java.util.List;
import org.consilium.models.catalog.ResNetGn;

/**
 * K. He, X. Zhang, S. Ren, J. Sun, "Deep Residual Learning for Image Recognition", CVPR 2016 (basic
 * block, section 3.3); Y. Wu, K. He, "Group Normalization", ECCV 2018, in place of batch
 * normalisation.
 */
final class ResNetGnNetwork implements Network {
  private final ResNetGn shape;
  private final GroupNorm norm;

  ResNetGnNetwork(ResNetGn shape, GroupNorm norm) {
    this.shape = shape;
    this.norm = norm;
  }

  @Override
  public NDArray logits(NDArray images, List<NDArray> parameters) {
    Iterator<NDArray> next = parameters.iterator();
    NDArray x = convolve(images, next.next(), shape.stemStride());
    x = Activation.relu(norm.apply(x, next.next(), next.next()));
    for (int stage = 0; stage < shape.widths().size(); stage++) {
      x = block(x, next, stage);
    }
    long[] size = x.getShape().getShape();
    NDArray pooled = x.reshape(size[0], size[1], size[2] * size[3]).mean(new int[] {2});
    return Linear.linear(pooled, next.next(), next.next()).singletonOrThrow();
  }

  private NDArray block(NDArray x, Iterator<NDArray> next, int stage) {
    int stride = stage == 0 ? 1 : 2;
    NDArray y = convolve(x, next.next(), stride);
    y = Activation.relu(norm.apply(y, next.next(), next.next()));
    y = convolve(y, next.next(), 1);
    y = norm.apply(y, next.next(), next.next());
    NDArray shortcut =
        stage == 0 ? x : norm.apply(convolve(x, next.next(), stride), next.next(), next.next());
    return Activation.relu(y.add(shortcut));
  }

  /** Convolution without bias that keeps the size up to its stride. */
  private static NDArray convolve(NDArray x, NDArray weight, int stride) {
    int margin = (int) (weight.getShape().get(2) / 2);
    return Conv2d.conv2d(x, weight, null, new Shape(stride, stride), new Shape(margin, margin))
        .singletonOrThrow();
  }
}
