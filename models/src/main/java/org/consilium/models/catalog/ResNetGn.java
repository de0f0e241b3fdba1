package org.consilium.models.catalog;

import java.util.List;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;
import org.consilium.protocol.ModelSpec;

/**
 * A small residual network with group normalisation: a stem, one basic block a width (two 3×3
 * convolutions; all but the first halve the image), average pooling, a linear head (He et al. 2016;
 * Wu &amp; He 2018). Without batch statistics nothing of one site's images is averaged into
 * another's. Tensor names are those of timm's ResNets, where a normalisation is called {@code bn}
 * whatever its kind.
 */
public final class ResNetGn implements Architecture {
  static final String NAME = "resnet-gn";
  static final String NAME_TINY = "resnet-gn-tiny";

  /** Above this edge, in pixels, the stem is 5×5 with stride 2 instead of 3×3 with stride 1. */
  private static final int FULL_SIZE_EDGE_MAX = 32;

  private final ModelSpec spec;
  private final List<Integer> widths;
  private final int groups;
  private final Blueprint.Plan plan;

  /**
   * Widths are multiples of this. With other widths the engine's convolutions (PyTorch 2.7.1,
   * oneDNN 3.7.1, AVX-512) gave wrong gradients, and at 24 channels wrong outputs, against a scalar
   * oracle.
   */
  private static final int WIDTH_STEP = 16;

  private ResNetGn(ModelSpec spec, List<Integer> widths, int groups) {
    if (widths.stream().anyMatch(width -> width % WIDTH_STEP != 0 || width % groups != 0)) {
      throw new IllegalArgumentException(
          "widths must be multiples of %d and of %d groups, got %s"
              .formatted(WIDTH_STEP, groups, widths));
    }
    this.spec = spec;
    this.widths = widths;
    this.groups = groups;
    Blueprint tensors = new Blueprint();
    convolution("conv1", spec.channels(), widths.getFirst(), stemKernel(), tensors);
    norm("bn1", widths.getFirst(), tensors);
    int from = widths.getFirst();
    for (int stage = 0; stage < widths.size(); stage++) {
      int to = widths.get(stage);
      String block = "layer" + (stage + 1) + ".0.";
      convolution(block + "conv1", from, to, 3, tensors);
      norm(block + "bn1", to, tensors);
      convolution(block + "conv2", to, to, 3, tensors);
      norm(block + "bn2", to, tensors);
      if (stage > 0) {
        convolution(block + "downsample.0", from, to, 1, tensors);
        norm(block + "downsample.1", to, tensors);
      }
      from = to;
    }
    tensors.add("fc.weight", new Filling.Normal(1 / Math.sqrt(from)), spec.classes(), from);
    tensors.add("fc.bias", new Filling.Constant(0), spec.classes());
    this.plan = tensors.plan();
  }

  static ResNetGn standard(ModelSpec spec) {
    return new ResNetGn(spec, List.of(16, 32, 64, 128), 8);
  }

  static ResNetGn tiny(ModelSpec spec) {
    return new ResNetGn(spec, List.of(16, 32), 4);
  }

  @Override
  public ModelSpec spec() {
    return spec;
  }

  @Override
  public ParameterLayout layout() {
    return plan.layout();
  }

  @Override
  public ParameterSource initial(long seed) {
    return plan.initial(seed);
  }

  @Override
  public int depth() {
    return widths.size();
  }

  @Override
  public int layer(String tensor) {
    if (tensor.startsWith("layer")) {
      return tensor.charAt("layer".length()) - '0';
    }
    return tensor.startsWith("fc.") ? depth() + 1 : 0;
  }

  @Override
  public String summary() {
    return "%s: widths %s, %d groups, %d parameters, input %dx%dx%d, %d output(s)"
        .formatted(
            spec.architecture(),
            widths,
            groups,
            parameters(),
            spec.channels(),
            spec.height(),
            spec.width(),
            spec.classes());
  }

  /** Names, shapes and starting values, for a model that this one is a part of. */
  Blueprint.Plan plan() {
    return plan;
  }

  /** Channels of each stage. */
  public List<Integer> widths() {
    return widths;
  }

  /** Groups of every normalisation. */
  public int groups() {
    return groups;
  }

  /** Edge of the stem's kernel, 5 with stride 2 or 3 with stride 1. */
  public int stemKernel() {
    return stemStride() == 2 ? 5 : 3;
  }

  /** 2 for large images, otherwise 1. */
  public int stemStride() {
    return Math.max(spec.height(), spec.width()) > FULL_SIZE_EDGE_MAX ? 2 : 1;
  }

  private static void convolution(String name, int from, int to, int kernel, Blueprint tensors) {
    // Kaiming normal over the fan out, as He et al. 2015 and timm have it for ReLU networks.
    Filling filling = new Filling.Normal(Math.sqrt(2.0 / ((double) to * kernel * kernel)));
    tensors.add(name + ".weight", filling, to, from, kernel, kernel);
  }

  private static void norm(String name, int channels, Blueprint tensors) {
    tensors.add(name + ".weight", new Filling.Constant(1), channels);
    tensors.add(name + ".bias", new Filling.Constant(0), channels);
  }
}
