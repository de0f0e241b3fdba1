package org.consilium.models.catalog;

import java.util.ArrayList;
import java.util.List;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;
import org.consilium.protocol.ModelSpec;

/**
 * ConvNeXt (Z. Liu et al., "A ConvNet for the 2020s", CVPR 2022) and its second version (S. Woo et
 * al., "ConvNeXt V2", CVPR 2023), with timm's tensor names: four stages of blocks, each a depthwise
 * convolution, a normalisation and two linear layers. Without batch statistics nothing of one
 * site's images is averaged into another's.
 */
public final class ConvNeXt implements Architecture {
  private static final double WEIGHT_DEVIATION = 0.02;

  private final ModelSpec spec;
  private final Form form;
  private final Blueprint.Plan plan;

  /**
   * Depths and widths.
   *
   * @param depths blocks of each stage
   * @param widths channels of each stage
   * @param kernels edge of each stage's depthwise kernel, odd
   * @param patch edge of the stem's patches, in pixels
   * @param block what the blocks are
   */
  public record Form(
      List<Integer> depths, List<Integer> widths, List<Integer> kernels, int patch, Block block) {
    public Form {
      depths = List.copyOf(depths);
      widths = List.copyOf(widths);
      kernels = List.copyOf(kernels);
      if (depths.isEmpty() || depths.size() != widths.size() || depths.size() != kernels.size()) {
        throw new IllegalArgumentException(
            "ConvNeXt needs one depth, width and kernel a stage, got %s, %s, %s"
                .formatted(depths, widths, kernels));
      }
      if (kernels.stream().anyMatch(kernel -> kernel < 1 || kernel % 2 == 0) || patch < 1) {
        throw new IllegalArgumentException(
            "ConvNeXt needs odd kernels and a patch of at least 1, got %s and %d"
                .formatted(kernels, patch));
      }
    }

    /** The published form: kernels of 7, patches of 4. */
    public static Form of(List<Integer> depths, List<Integer> widths, Block block) {
      return new Form(depths, widths, depths.stream().map(_ -> 7).toList(), 4, block);
    }
  }

  /**
   * A block's kind.
   *
   * @param pointConvolutions the linear layers are stored as convolutions [out, in, 1, 1]
   * @param responseNorm global response normalisation between them (version 2)
   * @param layerScale starting value of the blocks' scale; 0 if they have none
   * @param epsilon added to the variance of every normalisation
   */
  public record Block(
      boolean pointConvolutions, boolean responseNorm, double layerScale, float epsilon) {
    /** Timm's default. */
    public static final float EPSILON = 1e-6f;
  }

  /**
   * A model of any form.
   *
   * @throws IllegalArgumentException if the images are too small for the stages
   */
  public ConvNeXt(ModelSpec spec, Form form) {
    int reduction = form.patch() << (form.depths().size() - 1);
    if (spec.height() < reduction || spec.width() < reduction) {
      throw new IllegalArgumentException(
          "model.height and model.width must be at least %d for %s, got %d and %d"
              .formatted(reduction, spec.architecture(), spec.height(), spec.width()));
    }
    this.spec = spec;
    this.form = form;
    Blueprint tensors = new Blueprint();
    int from = spec.channels();
    for (int stage = 0; stage < form.widths().size(); stage++) {
      int to = form.widths().get(stage);
      if (stage == 0) {
        weight("stem.0", tensors, to, from, form.patch(), form.patch());
        norm("stem.1", to, tensors);
      } else {
        norm("stages.%d.downsample.0".formatted(stage), from, tensors);
        weight("stages.%d.downsample.1".formatted(stage), tensors, to, from, 2, 2);
      }
      for (int block = 0; block < form.depths().get(stage); block++) {
        block("stages.%d.blocks.%d.".formatted(stage, block), stage, tensors);
      }
      from = to;
    }
    norm("head.norm", from, tensors);
    weight("head.fc", tensors, spec.classes(), from);
    this.plan = tensors.plan();
  }

  private void block(String name, int stage, Blueprint tensors) {
    int width = form.widths().get(stage);
    int kernel = form.kernels().get(stage);
    Block block = form.block();
    if (block.layerScale() != 0) {
      tensors.add(name + "gamma", new Filling.Constant((float) block.layerScale()), width);
    }
    weight(name + "conv_dw", tensors, width, 1, kernel, kernel);
    norm(name + "norm", width, tensors);
    linear(name + "mlp.fc1", width, 4 * width, tensors);
    if (block.responseNorm()) {
      tensors.add(name + "mlp.grn.weight", new Filling.Constant(0), 4 * width);
      tensors.add(name + "mlp.grn.bias", new Filling.Constant(0), 4 * width);
    }
    linear(name + "mlp.fc2", 4 * width, width, tensors);
  }

  private void linear(String name, int from, int to, Blueprint tensors) {
    if (form.block().pointConvolutions()) {
      weight(name, tensors, to, from, 1, 1);
    } else {
      weight(name, tensors, to, from);
    }
  }

  @Override
  public ModelSpec spec() {
    return spec;
  }

  /** Depths, widths and the kind of block. */
  public Form form() {
    return form;
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
    return form.depths().stream().mapToInt(Integer::intValue).sum();
  }

  @Override
  public int layer(String tensor) {
    List<String> parts = List.of(tensor.split("\\."));
    if (!parts.getFirst().equals("stages")) {
      return parts.getFirst().equals("stem") ? 0 : depth() + 1;
    }
    int stage = Integer.parseInt(parts.get(1));
    List<Integer> before = new ArrayList<>(form.depths().subList(0, stage));
    int block = parts.get(2).equals("blocks") ? Integer.parseInt(parts.get(3)) : 0;
    return before.stream().mapToInt(Integer::intValue).sum() + block + 1;
  }

  @Override
  public String summary() {
    return "%s: depths %s, widths %s, %d parameters, input %dx%dx%d, %d output(s)"
        .formatted(
            spec.architecture(),
            form.depths(),
            form.widths(),
            parameters(),
            spec.channels(),
            spec.height(),
            spec.width(),
            spec.classes());
  }

  /** A weight as timm starts it, and a bias of zeros. */
  private static void weight(String name, Blueprint tensors, int... shape) {
    tensors.add(name + ".weight", new Filling.Normal(WEIGHT_DEVIATION), shape);
    tensors.add(name + ".bias", new Filling.Constant(0), shape[0]);
  }

  private static void norm(String name, int channels, Blueprint tensors) {
    tensors.add(name + ".weight", new Filling.Constant(1), channels);
    tensors.add(name + ".bias", new Filling.Constant(0), channels);
  }
}
