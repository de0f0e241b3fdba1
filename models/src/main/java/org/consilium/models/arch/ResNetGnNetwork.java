package org.consilium.models.arch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.LayerNorm;
import java.util.Iterator;
import java.util.List;
import org.consilium.models.catalog.ResNetGn;

/**
 * K. He, X. Zhang, S. Ren, J. Sun, "Deep Residual Learning for Image Recognition", CVPR 2016 (basic
 * block, section 3.3); Y. Wu, K. He, "Group Normalization", ECCV 2018, in place of batch
 * normalisation.
 */
final class ResNetGnNetwork implements Network {
  private static final float EPSILON = 1e-5f;

  private final ResNetGn shape;
  private final Norm[] norms;

  /**
   * A stage's normalisation: unit scale and zero shift over one group, since the engine asks for
   * them.
   */
  private record Norm(Shape group, NDArray one, NDArray zero) {}

  ResNetGnNetwork(ResNetGn shape, NDManager constants) {
    this.shape = shape;
    this.norms = new Norm[shape.widths().size()];
    long height = halved(shape.spec().height(), shape.stemStride());
    long width = halved(shape.spec().width(), shape.stemStride());
    for (int stage = 0; stage < norms.length; stage++) {
      if (stage > 0) {
        height = halved(height, 2);
        width = halved(width, 2);
      }
      Shape group = new Shape(shape.widths().get(stage) / shape.groups() * height * width);
      norms[stage] = new Norm(group, constants.ones(group), constants.zeros(group));
    }
  }

  @Override
  public NDArray logits(NDArray images, List<NDArray> parameters) {
    Iterator<NDArray> next = parameters.iterator();
    NDArray x = convolve(images, next.next(), shape.stemStride());
    x = Activation.relu(normalise(x, next.next(), next.next(), norms[0]));
    for (int stage = 0; stage < norms.length; stage++) {
      x = block(x, next, stage);
    }
    long[] size = x.getShape().getShape();
    NDArray pooled = x.reshape(size[0], size[1], size[2] * size[3]).mean(new int[] {2});
    return Linear.linear(pooled, next.next(), next.next()).singletonOrThrow();
  }

  private NDArray block(NDArray x, Iterator<NDArray> next, int stage) {
    Norm norm = norms[stage];
    int stride = stage == 0 ? 1 : 2;
    NDArray y = convolve(x, next.next(), stride);
    y = Activation.relu(normalise(y, next.next(), next.next(), norm));
    y = convolve(y, next.next(), 1);
    y = normalise(y, next.next(), next.next(), norm);
    NDArray shortcut =
        stage == 0
            ? x
            : normalise(convolve(x, next.next(), stride), next.next(), next.next(), norm);
    return Activation.relu(y.add(shortcut));
  }

  /** Convolution without bias that keeps the size up to its stride. */
  private static NDArray convolve(NDArray x, NDArray weight, int stride) {
    int margin = (int) (weight.getShape().get(2) / 2);
    return Conv2d.conv2d(x, weight, null, new Shape(stride, stride), new Shape(margin, margin))
        .singletonOrThrow();
  }

  /** The engine has no group normalisation: each group is one row of a layer normalisation. */
  private NDArray normalise(NDArray x, NDArray scale, NDArray shift, Norm norm) {
    Shape full = x.getShape();
    NDArray rows = x.reshape(full.get(0), shape.groups(), norm.group().get(0));
    NDArray unit =
        LayerNorm.layerNorm(rows, norm.group(), norm.one(), norm.zero(), EPSILON)
            .singletonOrThrow()
            .reshape(full);
    return unit.mul(perChannel(x, scale)).add(perChannel(x, shift));
  }

  /**
   * A view [channels, 1, 1] of a parameter, given to the activation's manager lest it outlive the
   * step.
   */
  private static NDArray perChannel(NDArray x, NDArray parameter) {
    NDArray view = parameter.reshape(parameter.size(), 1, 1);
    view.attach(x.getManager());
    return view;
  }

  private static long halved(long size, int stride) {
    return (size + stride - 1) / stride;
  }
}
