package org.consilium.models.catalog;

import java.util.List;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;
import org.consilium.protocol.ModelSpec;

/**
 * A U-Net of residual units (E. Kerfoot et al., "Left-Ventricle Quantification Using Residual
 * U-Net", STACOM 2018) with the tensor names of MONAI's UNet in two dimensions: instance
 * normalisation, PReLU, one logit map a class.
 */
public final class ResidualUNet implements Architecture {
  private final ModelSpec spec;
  private final Form form;
  private final Blueprint.Plan plan;

  /**
   * Widths and kernels.
   *
   * @param channels of each level, the full-size one first
   * @param strides between the levels, one less than levels
   * @param units convolutions of each residual unit on the way down, at least 1
   * @param kernel edge of the kernels, odd
   * @param upKernel edge of the transposed kernels, odd
   */
  public record Form(
      List<Integer> channels, List<Integer> strides, int units, int kernel, int upKernel) {
    public Form {
      channels = List.copyOf(channels);
      strides = List.copyOf(strides);
      if (channels.size() < 2 || strides.size() != channels.size() - 1) {
        throw new IllegalArgumentException(
            "UNet needs two levels or more and a stride between each two, got %s and %s"
                .formatted(channels, strides));
      }
      if (units < 1 || kernel % 2 == 0 || upKernel % 2 == 0) {
        throw new IllegalArgumentException(
            "UNet needs a residual unit or more and odd kernels, got %d, %d and %d"
                .formatted(units, kernel, upKernel));
      }
    }

    /** Halvings, or what the strides make, from the first level to the last. */
    public int reduction() {
      return strides.stream().reduce(1, (a, b) -> a * b);
    }
  }

  /**
   * A model of any form.
   *
   * @throws IllegalArgumentException if the image's edges are no multiple of all strides together
   */
  public ResidualUNet(ModelSpec spec, Form form) {
    int step = form.reduction();
    if (spec.height() % step != 0 || spec.width() % step != 0) {
      throw new IllegalArgumentException(
          "model.height and model.width must be multiples of %d for %s, got %d and %d"
              .formatted(step, spec.architecture(), spec.height(), spec.width()));
    }
    this.spec = spec;
    this.form = form;
    Blueprint blueprint = new Blueprint();
    level("model.", 0, spec.channels(), spec.classes(), new ConvolutionTensors(blueprint));
    this.plan = blueprint.plan();
  }

  private void level(String name, int level, int from, int to, ConvolutionTensors tensors) {
    int width = form.channels().get(level);
    int below = form.channels().get(level + 1);
    boolean last = level + 2 == form.channels().size();
    unit(name + "0.", from, width, form.strides().get(level), tensors);
    if (last) {
      unit(name + "1.submodule.", width, below, 1, tensors);
    } else {
      level(name + "1.submodule.", level + 1, width, width, tensors);
    }
    int joined = width + (last ? below : width);
    tensors.transposed(name + "2.0.conv", joined, to, form.upKernel(), true);
    tensors.slope(name + "2.0.adn.A");
    tensors.convolution(name + "2.1.conv.unit0.conv", to, to, form.kernel(), true);
    if (level > 0) {
      tensors.slope(name + "2.1.conv.unit0.adn.A");
    }
  }

  private void unit(String name, int from, int to, int stride, ConvolutionTensors tensors) {
    for (int unit = 0; unit < form.units(); unit++) {
      String part = name + "conv.unit" + unit;
      tensors.convolution(part + ".conv", unit == 0 ? from : to, to, form.kernel(), true);
      tensors.slope(part + ".adn.A");
    }
    if (stride != 1 || from != to) {
      tensors.convolution(name + "residual", from, to, stride == 1 ? 1 : form.kernel(), true);
    }
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
    return 2 * form.channels().size() - 1;
  }

  @Override
  public int layer(String tensor) {
    String rest = tensor.substring("model.".length());
    int level = 0;
    while (rest.startsWith("1.submodule.")) {
      rest = rest.substring("1.submodule.".length());
      level++;
    }
    return rest.startsWith("2.") ? depth() - level : level + 1;
  }

  @Override
  public String summary() {
    return "%s: widths %s, strides %s, %d parameters, input %dx%dx%d, %d map(s)"
        .formatted(
            spec.architecture(),
            form.channels(),
            form.strides(),
            parameters(),
            spec.channels(),
            spec.height(),
            spec.width(),
            spec.classes());
  }
}
