package org.consilium.models.arch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.pooling.Pool;
import org.consilium.models.catalog.BasicUNet;

/**
 * O. Ronneberger, P. Fischer, T. Brox, "U-Net", MICCAI 2015; T. Falk et al., "U-Net: deep learning
 * for cell counting, detection, and morphometry", Nature Methods 2019.
 */
final class BasicUNetNetwork implements Network {
  private static final float SLOPE = 0.1f;
  private static final int HALVINGS = 4;

  private final ChannelNorm norm;

  /** Normalisation with a factor and a shift a channel. */
  private interface ChannelNorm {
    NDArray apply(NDArray x, NDArray scale, NDArray shift);
  }

  BasicUNetNetwork(BasicUNet.Form form, NDManager constants) {
    this.norm =
        form.groups() == 0
            ? new InstanceNorm(constants)::apply
            : GroupNorm.of(form.groups(), constants)::apply;
  }

  @Override
  public NDArray logits(NDArray images, Weights weights, Trace trace) {
    NDArray[] levels = new NDArray[HALVINGS + 1];
    levels[0] = pair(images, weights.at("conv_0."));
    trace.seen("conv_0", levels[0]);
    for (int level = 1; level <= HALVINGS; level++) {
      NDArray half = halved(levels[level - 1]);
      levels[level] = pair(half, weights.at("down_%d.convs.".formatted(level)));
      trace.seen("down_" + level, levels[level]);
    }
    NDArray x = levels[HALVINGS];
    for (int level = HALVINGS - 1; level >= 0; level--) {
      Weights inside = weights.at("upcat_%d.".formatted(level + 1));
      NDArray raised =
          Convolution.doubled(
              x, inside.get("upsample.deconv.weight"), inside.optional("upsample.deconv.bias"));
      NDArray joined = levels[level].concat(extended(raised, levels[level].getShape()), 1);
      x = pair(joined, inside.at("convs."));
      trace.seen("upcat_" + (level + 1), x);
    }
    NDArray logits =
        Convolution.dense(
            x, weights.get("final_conv.weight"), weights.optional("final_conv.bias"), 1, 0);
    trace.seen("logits", logits);
    return logits;
  }

  private NDArray pair(NDArray x, Weights weights) {
    return unit(unit(x, weights.at("conv_0.")), weights.at("conv_1."));
  }

  private NDArray unit(NDArray x, Weights weights) {
    NDArray y =
        Convolution.dense(x, weights.get("conv.weight"), weights.optional("conv.bias"), 1, 1);
    NDArray even = norm.apply(y, weights.get("adn.N.weight"), weights.get("adn.N.bias"));
    return Activation.leakyRelu(even, SLOPE);
  }

  /** The largest of each four pixels; an odd last row or column is left out. */
  private static NDArray halved(NDArray x) {
    Shape two = new Shape(2, 2);
    return Pool.maxPool2d(x, two, two, new Shape(0, 0), false);
  }

  /** Repeats the last row and column where halving left one out. */
  private static NDArray extended(NDArray x, Shape size) {
    NDArray y = x;
    if (y.getShape().get(2) < size.get(2)) {
      y = y.concat(y.get(new NDIndex(":, :, -1:")), 2);
    }
    if (y.getShape().get(3) < size.get(3)) {
      y = y.concat(y.get(new NDIndex(":, :, :, -1:")), 3);
    }
    return y;
  }
}
