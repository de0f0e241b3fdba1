package org.consilium.models.arch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.core.Linear;
import org.consilium.models.catalog.VisionTransformer;
import org.jspecify.annotations.Nullable;

/** From images to tokens, and tokens before them. */
final class PatchEmbedding {
  private PatchEmbedding() {}

  /**
   * A convolution whose stride is its kernel, as a matrix product: it is the same sum, and the
   * engine's convolutions are not exact at every number of channels.
   *
   * @param images [B, C, H, W]
   * @param weight [D, C, p, p]
   * @param bias [D], or null
   * @return [B, N, D], patches row by row
   */
  static NDArray apply(
      NDArray images, VisionTransformer.Image image, NDArray weight, @Nullable NDArray bias) {
    Shape seen = images.getShape();
    if (seen.get(1) != image.channels()
        || seen.get(2) != image.height()
        || seen.get(3) != image.width()) {
      throw new IllegalArgumentException(
          "patch embedding takes images of %dx%dx%d, got %s"
              .formatted(image.channels(), image.height(), image.width(), seen));
    }
    int p = image.patch();
    NDArray patches =
        images
            .reshape(seen.get(0), image.channels(), image.rows(), p, image.columns(), p)
            .transpose(0, 2, 4, 1, 3, 5)
            .reshape(seen.get(0), image.patches(), (long) image.channels() * p * p);
    NDArray matrix = weight.reshape(weight.getShape().get(0), -1);
    matrix.attach(images.getManager());
    return Linear.linear(patches, matrix, bias).singletonOrThrow();
  }

  /**
   * The same token for every image, with the data's manager as its owner.
   *
   * @param token any shape of 1 · count · D values
   * @return [B, count, D]
   */
  static NDArray repeated(NDArray x, NDArray token, long count) {
    long width = token.size() / count;
    NDArray zeros = x.getManager().zeros(new Shape(x.getShape().get(0), count, width));
    return token.getShape().dimension() == 3 ? zeros.add(token) : zeros.add(row(x, token));
  }

  /** {@code first} before {@code x}, both [B, .., D]. */
  static NDArray before(NDArray first, NDArray x) {
    return NDArrays.concat(new NDList(first, x), 1);
  }

  private static NDArray row(NDArray x, NDArray token) {
    NDArray view = token.reshape(1, 1, -1);
    view.attach(x.getManager());
    return view;
  }
}
