package org.consilium.models.catalog;

import java.util.List;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;
import org.consilium.protocol.ModelSpec;

/**
 * UniRepLKNet (X. Ding et al., "UniRepLKNet", CVPR 2024) with the authors' tensor names, in the
 * merged form alone: the parallel branches of training and their batch statistics are folded into
 * one large kernel (see {@link DilatedBranches}), so that no batch normalisation crosses sites.
 */
public final class UniRepLKNet implements Architecture {
  private static final double WEIGHT_DEVIATION = 0.02;

  /** From this edge on a kernel stands in a block of branches when it is trained by the authors. */
  private static final int BRANCHED_KERNEL_MIN = 7;

  private final ModelSpec spec;
  private final Form form;
  private final Blueprint.Plan plan;

  /**
   * Widths and kernels.
   *
   * @param widths channels of each stage
   * @param kernels edge of each block's depthwise kernel, a list a stage
   */
  public record Form(List<Integer> widths, List<List<Integer>> kernels) {
    public Form {
      widths = List.copyOf(widths);
      kernels = kernels.stream().map(List::copyOf).toList();
      if (widths.isEmpty() || widths.size() != kernels.size()) {
        throw new IllegalArgumentException(
            "UniRepLKNet needs a width and a list of kernels a stage, got %s and %s"
                .formatted(widths, kernels));
      }
      if (kernels.stream().flatMap(List::stream).anyMatch(k -> k < 3 || k % 2 == 0)
          || widths.stream().anyMatch(width -> width % 4 != 0)) {
        throw new IllegalArgumentException(
            "UniRepLKNet needs odd kernels from 3 on and widths in steps of 4, got %s and %s"
                .formatted(kernels, widths));
      }
    }
  }

  /**
   * A model of any form.
   *
   * @throws IllegalArgumentException if the images are too small for the stages
   */
  public UniRepLKNet(ModelSpec spec, Form form) {
    int reduction = 2 << form.widths().size();
    if (spec.height() < reduction || spec.width() < reduction) {
      throw new IllegalArgumentException(
          "model.height and model.width must be at least %d for %s, got %d and %d"
              .formatted(reduction, spec.architecture(), spec.height(), spec.width()));
    }
    this.spec = spec;
    this.form = form;
    Blueprint tensors = new Blueprint();
    int from = form.widths().getFirst() / 2;
    weight("downsample_layers.0.0", tensors, from, spec.channels(), 3, 3);
    norm("downsample_layers.0.1", from, tensors);
    for (int stage = 0; stage < form.widths().size(); stage++) {
      int to = form.widths().get(stage);
      int place = stage == 0 ? 3 : 0;
      weight("downsample_layers.%d.%d".formatted(stage, place), tensors, to, from, 3, 3);
      norm("downsample_layers.%d.%d".formatted(stage, place + 1), to, tensors);
      for (int block = 0; block < form.kernels().get(stage).size(); block++) {
        int kernel = form.kernels().get(stage).get(block);
        block("stages.%d.%d.".formatted(stage, block), to, kernel, tensors);
      }
      from = to;
    }
    norm("norm", from, tensors);
    weight("head", tensors, spec.classes(), from);
    this.plan = tensors.plan();
  }

  private static void block(String name, int width, int kernel, Blueprint tensors) {
    String convolution = kernel < BRANCHED_KERNEL_MIN ? "dwconv" : "dwconv.lk_origin";
    weight(name + convolution, tensors, width, 1, kernel, kernel);
    weight(name + "se.down", tensors, width / 4, width, 1, 1);
    weight(name + "se.up", tensors, width, width / 4, 1, 1);
    weight(name + "pwconv1.1", tensors, 4 * width, width);
    tensors.add(name + "act.1.gamma", new Filling.Constant(0), 1, 1, 1, 4 * width);
    weight(name + "pwconv2.0", tensors, width, 4 * width);
  }

  @Override
  public ModelSpec spec() {
    return spec;
  }

  /** Widths and kernels. */
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
    return form.kernels().stream().mapToInt(List::size).sum();
  }

  @Override
  public int layer(String tensor) {
    List<String> parts = List.of(tensor.split("\\."));
    boolean block = parts.getFirst().equals("stages");
    if (!block && !parts.getFirst().equals("downsample_layers")) {
      return depth() + 1;
    }
    int stage = Integer.parseInt(parts.get(1));
    if (!block && stage == 0) {
      return 0;
    }
    int before = form.kernels().subList(0, stage).stream().mapToInt(List::size).sum();
    return before + (block ? Integer.parseInt(parts.get(2)) : 0) + 1;
  }

  @Override
  public String summary() {
    return "%s: kernels %s, widths %s, merged, %d parameters, input %dx%dx%d, %d output(s)"
        .formatted(
            spec.architecture(),
            form.kernels(),
            form.widths(),
            parameters(),
            spec.channels(),
            spec.height(),
            spec.width(),
            spec.classes());
  }

  private static void weight(String name, Blueprint tensors, int... shape) {
    tensors.add(name + ".weight", new Filling.Normal(WEIGHT_DEVIATION), shape);
    tensors.add(name + ".bias", new Filling.Constant(0), shape[0]);
  }

  private static void norm(String name, int channels, Blueprint tensors) {
    tensors.add(name + ".weight", new Filling.Constant(1), channels);
    tensors.add(name + ".bias", new Filling.Constant(0), channels);
  }
}
