package org.consilium.models.arch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import org.consilium.models.catalog.DilatedBranches;

/**
 * One block of UniRepLKNet (X. Ding et al. 2024, figure 2): a large depthwise kernel, squeeze and
 * excitation (J. Hu et al., CVPR 2018), two linear layers with global response normalisation
 * between them, and the sum with its input. The form is known by the tensors: with parallel
 * branches and batch normalisations (running statistics, as in evaluation) or merged.
 */
public final class UniRepLKNetBlock {
  private static final double BATCH_NORM_EPSILON = 1e-5;

  private UniRepLKNetBlock() {}

  /**
   * The block's output.
   *
   * @param x [batch, channels, height, width]
   * @param weights the block's tensors, without a prefix
   * @param trace is shown {@code dwconv}, {@code norm} and {@code se}
   * @return of x's shape, owned by its manager
   */
  public static NDArray apply(NDArray x, Weights weights, Trace trace) {
    NDArray y = depthwise(x, weights);
    trace.seen("dwconv", y);
    y = batchNorm(y, weights, "norm");
    trace.seen("norm", y);
    y = excited(y, weights);
    trace.seen("se", y);
    y = Activation.gelu(weights.linear(Convolution.channelsLast(y), "pwconv1.1"));
    NDArray scaled = ConvNeXtNetwork.relativeNorm(y).mul(weights.get("act.1.gamma"));
    y = y.mul(scaled.add(1));
    if (weights.has("act.1.beta")) {
      y = y.add(weights.get("act.1.beta"));
    }
    y = Convolution.channelsFirst(weights.linear(y, "pwconv2.0"));
    y = batchNorm(y, weights, "pwconv2.2");
    if (weights.has("gamma")) {
      y = y.mul(perChannel(y, weights.get("gamma")));
    }
    return x.add(y);
  }

  private static NDArray depthwise(NDArray x, Weights weights) {
    if (!weights.has("dwconv.lk_origin.weight")) {
      return Convolution.depthwise(
          x, weights.get("dwconv.weight"), weights.optional("dwconv.bias"), 1);
    }
    NDArray kernel = weights.get("dwconv.lk_origin.weight");
    NDArray y = Convolution.depthwise(x, kernel, weights.optional("dwconv.lk_origin.bias"), 1);
    if (!weights.has("dwconv.origin_bn.weight")) {
      return y;
    }
    y = batchNorm(y, weights, "dwconv.origin_bn");
    for (var branch : DilatedBranches.beside((int) kernel.getShape().get(2))) {
      NDArray taps = weights.get("dwconv.dil_conv" + branch.suffix() + ".weight");
      NDArray part = Convolution.depthwise(x, taps, null, branch.dilation());
      y = y.add(batchNorm(part, weights, "dwconv.dil_bn" + branch.suffix()));
    }
    return y;
  }

  /** With the running statistics; x itself if there is no such normalisation. */
  private static NDArray batchNorm(NDArray x, Weights weights, String norm) {
    if (!weights.has(norm + ".running_var")) {
      return x;
    }
    NDArray variance = perChannel(x, weights.get(norm + ".running_var"));
    NDArray centred = x.sub(perChannel(x, weights.get(norm + ".running_mean")));
    return centred
        .div(variance.add(BATCH_NORM_EPSILON).sqrt())
        .mul(perChannel(x, weights.get(norm + ".weight")))
        .add(perChannel(x, weights.get(norm + ".bias")));
  }

  private static NDArray excited(NDArray x, Weights weights) {
    Shape size = x.getShape();
    NDArray pooled = x.reshape(size.get(0), size.get(1), -1).mean(new int[] {2});
    NDArray inner = Activation.relu(weights.linear(pooled, "se.down"));
    NDArray factors = Activation.sigmoid(weights.linear(inner, "se.up"));
    return x.mul(factors.reshape(size.get(0), size.get(1), 1, 1));
  }

  private static NDArray perChannel(NDArray x, NDArray parameter) {
    return Convolution.attached(x, parameter.reshape(parameter.size(), 1, 1));
  }
}
