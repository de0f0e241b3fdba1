package org.consilium.models.arch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import org.jspecify.annotations.Nullable;

/**
 * Convolutions that are right at every width. The engine's own (PyTorch 2.7.1 with oneDNN) gave
 * wrong outputs and gradients for more than one image where the channels do not fill its blocks,
 * and for some strides even where they do. Right against a scalar oracle were: one kernel a
 * channel, and stride 1 with widths in steps of {@link #BLOCK}. Everything else becomes a product
 * of matrices, by exact rearrangements.
 *
 * <p>Results belong to the manager of {@code x}.
 */
final class Convolution {
  /** Channels that the engine's kernels handle at a time. */
  private static final int BLOCK = 16;

  private Convolution() {}

  /**
   * A convolution of all channels with all.
   *
   * @param x [batch, in, height, width]
   * @param weight [out, in, kernel, kernel]
   * @param bias [out]
   * @param margin zeros around the image
   */
  static NDArray dense(NDArray x, NDArray weight, @Nullable NDArray bias, int stride, int margin) {
    Shape kernel = weight.getShape();
    if (stride == 1 && kernel.get(0) % BLOCK == 0 && kernel.get(1) % BLOCK == 0) {
      return Conv2d.conv2d(x, weight, bias, new Shape(1, 1), new Shape(margin, margin))
          .singletonOrThrow();
    }
    return unfolded(x, weight, bias, new Step((int) kernel.get(2), stride, margin));
  }

  /**
   * One kernel a channel; the image keeps its size.
   *
   * @param x [batch, channels, height, width]
   * @param weight [channels, 1, kernel, kernel], kernel odd
   * @param dilation distance of the kernel's taps
   */
  static NDArray depthwise(NDArray x, NDArray weight, @Nullable NDArray bias, int dilation) {
    int channels = (int) weight.getShape().get(0);
    int margin = (int) (weight.getShape().get(2) - 1) / 2 * dilation;
    if (channels == 1) {
      // The engine takes this for a dense convolution.
      NDArray two = x.concat(x.zerosLike(), 1);
      NDArray kernels = attached(x, weight.concat(weight, 0));
      NDArray offsets = bias == null ? null : attached(x, bias.concat(bias, 0));
      return depthwise(two, kernels, offsets, dilation).get(new NDIndex(":, 0:1"));
    }
    Shape around = new Shape(margin, margin);
    Shape apart = new Shape(dilation, dilation);
    return Conv2d.conv2d(x, weight, bias, new Shape(1, 1), around, apart, channels)
        .singletonOrThrow();
  }

  /**
   * A convolution whose kernel is as large as its stride, channels last: each patch of the image is
   * a row of a linear layer. Rows and columns that fill no patch are left out.
   *
   * @param x [batch, height, width, in]
   * @param weight [out, in, patch, patch]
   * @return [batch, height / patch, width / patch, out]
   */
  static NDArray patches(NDArray x, NDArray weight, @Nullable NDArray bias) {
    long patch = weight.getShape().get(2);
    Shape size = x.getShape();
    long rows = size.get(1) / patch;
    long columns = size.get(2) / patch;
    NDArray whole =
        rows * patch == size.get(1) && columns * patch == size.get(2)
            ? x
            : x.get(new NDIndex(":, 0:{}, 0:{}", rows * patch, columns * patch));
    NDArray row =
        whole
            .reshape(size.get(0), rows, patch, columns, patch, size.get(3))
            .transpose(0, 1, 3, 5, 2, 4)
            .reshape(size.get(0), rows, columns, size.get(3) * patch * patch);
    NDArray matrix = attached(x, weight.reshape(weight.getShape().get(0), -1));
    return Linear.linear(row, matrix, bias).singletonOrThrow();
  }

  /**
   * A transposed convolution with kernel 2 and stride 2: every pixel becomes a square of four, that
   * is, a linear map of its channels to 4 × out and a rearrangement.
   *
   * @param x [batch, in, height, width]
   * @param weight [in, out, 2, 2]
   * @return [batch, out, 2 height, 2 width]
   */
  static NDArray doubled(NDArray x, NDArray weight, @Nullable NDArray bias) {
    Shape size = x.getShape();
    long out = weight.getShape().get(1);
    NDArray matrix = attached(x, weight.reshape(weight.getShape().get(0), out * 4));
    NDArray squares =
        points(x, attached(x, matrix.transpose()))
            .reshape(size.get(0), out, 2, 2, size.get(2), size.get(3))
            .transpose(0, 1, 4, 2, 5, 3)
            .reshape(size.get(0), out, 2 * size.get(2), 2 * size.get(3));
    return shifted(squares, bias);
  }

  /**
   * A transposed convolution that multiplies the edges by {@code stride}, with margin (kernel - 1)
   * / 2 and output margin stride - 1: zeros between the pixels, then the mirrored kernel.
   *
   * @param x [batch, in, height, width]
   * @param weight [in, out, kernel, kernel], kernel odd
   */
  static NDArray transposed(NDArray x, NDArray weight, @Nullable NDArray bias, int stride) {
    Shape size = x.getShape();
    NDArray spread = x;
    if (stride > 1) {
      spread =
          x.reshape(size.get(0), size.get(1), size.get(2), 1, size.get(3), 1)
              .pad(new Shape(0, stride - 1, 0, 0, 0, stride - 1), 0)
              .reshape(size.get(0), size.get(1), size.get(2) * stride, size.get(3) * stride);
    }
    NDArray swapped = attached(x, weight.transpose(1, 0, 2, 3));
    NDArray mirrored = attached(x, swapped.flip(2, 3));
    return dense(spread, mirrored, bias, 1, (int) (weight.getShape().get(2) - 1) / 2);
  }

  /** [batch, height, width, channels] in memory as its shape says, channels first. */
  static NDArray channelsFirst(NDArray x) {
    NDArray turned = x.transpose(0, 3, 1, 2);
    Shape size = turned.getShape();
    // A reshape that is no view copies; the engine's kernels for mere views are other ones.
    return turned.reshape(size.get(0), size.get(1), size.get(2) * size.get(3)).reshape(size);
  }

  /** [batch, channels, height, width] as a view with the channels last. */
  static NDArray channelsLast(NDArray x) {
    return x.transpose(0, 2, 3, 1);
  }

  /** A view of a parameter, given to the activation's manager lest it outlive the step. */
  static NDArray attached(NDArray x, NDArray view) {
    view.attach(x.getManager());
    return view;
  }

  /** How a kernel moves. */
  private record Step(int kernel, int stride, int margin) {
    int places(long edge) {
      return (int) (edge + 2L * margin - kernel) / stride + 1;
    }
  }

  /** Every tap of the kernel becomes a shifted copy of the image, then each pixel is linear. */
  private static NDArray unfolded(NDArray x, NDArray weight, @Nullable NDArray bias, Step step) {
    int margin = step.margin();
    NDArray padded = margin == 0 ? x : x.pad(new Shape(margin, margin, margin, margin), 0);
    int rows = step.places(x.getShape().get(2));
    int columns = step.places(x.getShape().get(3));
    int stride = step.stride();
    NDList taps = new NDList();
    for (int u = 0; u < step.kernel(); u++) {
      for (int v = 0; v < step.kernel(); v++) {
        taps.add(
            padded.get(
                new NDIndex(
                    ":, :, {}:{}:{}, {}:{}:{}",
                    u,
                    u + (rows - 1) * stride + 1,
                    stride,
                    v,
                    v + (columns - 1) * stride + 1,
                    stride)));
      }
    }
    Shape kernel = weight.getShape();
    NDArray last = attached(x, weight.transpose(0, 2, 3, 1));
    NDArray matrix = attached(x, last.reshape(kernel.get(0), -1));
    NDArray copies = taps.size() == 1 ? taps.singletonOrThrow() : NDArrays.concat(taps, 1);
    return shifted(points(copies, matrix), bias);
  }

  /** The same linear map [out, in] at every pixel. */
  private static NDArray points(NDArray x, NDArray matrix) {
    Shape size = x.getShape();
    NDArray flat = x.reshape(size.get(0), size.get(1), size.get(2) * size.get(3));
    return attached(x, matrix.matMul(flat)).reshape(size.get(0), -1, size.get(2), size.get(3));
  }

  private static NDArray shifted(NDArray y, @Nullable NDArray bias) {
    return bias == null ? y : y.add(attached(y, bias.reshape(bias.size(), 1, 1)));
  }
}
