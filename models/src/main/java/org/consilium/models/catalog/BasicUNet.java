package org.consilium.models.catalog;

import java.util.List;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;
import org.consilium.protocol.ModelSpec;

/**
 * A U-Net with two convolutions a level (O. Ronneberger et al., MICCAI 2015; T. Falk et al., Nature
 * Methods 2019) and the tensor names of MONAI's BasicUNet in two dimensions: four halvings, one
 * logit map a class. Normalised by instance, or by groups.
 */
public final class BasicUNet implements Architecture {
  private static final int LEVELS = 5;
  private static final int REDUCTION = 16;

  private final ModelSpec spec;
  private final Form form;
  private final Blueprint.Plan plan;

  /**
   * Widths and normalisation.
   *
   * @param features channels of the five levels, and of the last full-size map
   * @param groups groups of every normalisation; 0 normalises each channel alone
   */
  public record Form(List<Integer> features, int groups) {
    public Form {
      features = List.copyOf(features);
      if (features.size() != LEVELS + 1) {
        throw new IllegalArgumentException("BasicUNet needs six widths, got " + features);
      }
      int step = Math.max(1, groups);
      if (features.stream().anyMatch(width -> width % step != 0)) {
        throw new IllegalArgumentException(
            "BasicUNet of %d groups needs widths in steps of it, got %s"
                .formatted(groups, features));
      }
    }

    /** Channels after the up-sampling that leads to {@code level}. */
    public int raised(int level) {
      return level == 0 ? features.get(1) : features.get(level + 1) / 2;
    }

    /** Channels of the decoder's map at {@code level}. */
    public int decoded(int level) {
      return level == 0 ? features.getLast() : features.get(level);
    }
  }

  /**
   * A model of any form.
   *
   * @throws IllegalArgumentException if the images are too small for four halvings
   */
  public BasicUNet(ModelSpec spec, Form form) {
    if (spec.height() < REDUCTION || spec.width() < REDUCTION) {
      throw new IllegalArgumentException(
          "model.height and model.width must be at least %d for %s, got %d and %d"
              .formatted(REDUCTION, spec.architecture(), spec.height(), spec.width()));
    }
    this.spec = spec;
    this.form = form;
    Blueprint blueprint = new Blueprint();
    ConvolutionTensors tensors = new ConvolutionTensors(blueprint);
    List<Integer> features = form.features();
    pair("conv_0", spec.channels(), features.getFirst(), tensors);
    for (int level = 1; level < LEVELS; level++) {
      pair("down_%d.convs".formatted(level), features.get(level - 1), features.get(level), tensors);
    }
    for (int level = LEVELS - 2; level >= 0; level--) {
      String name = "upcat_" + (level + 1);
      int from = level == LEVELS - 2 ? features.get(level + 1) : form.decoded(level + 1);
      tensors.transposed(name + ".upsample.deconv", from, form.raised(level), 2, true);
      int joined = features.get(level) + form.raised(level);
      pair(name + ".convs", joined, form.decoded(level), tensors);
    }
    tensors.convolution("final_conv", features.getLast(), spec.classes(), 1, true);
    this.plan = blueprint.plan();
  }

  private static void pair(String name, int from, int to, ConvolutionTensors tensors) {
    tensors.convolution(name + ".conv_0.conv", from, to, 3, true);
    tensors.norm(name + ".conv_0.adn.N", to);
    tensors.convolution(name + ".conv_1.conv", to, to, 3, true);
    tensors.norm(name + ".conv_1.adn.N", to);
  }

  @Override
  public ModelSpec spec() {
    return spec;
  }

  /** Widths and normalisation. */
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
    return 2 * (LEVELS - 1);
  }

  @Override
  public int layer(String tensor) {
    if (tensor.startsWith("down_")) {
      return tensor.charAt("down_".length()) - '0';
    }
    if (tensor.startsWith("upcat_")) {
      return 2 * LEVELS - 1 - (tensor.charAt("upcat_".length()) - '0');
    }
    return tensor.startsWith("conv_0.") ? 0 : depth() + 1;
  }

  @Override
  public String summary() {
    return "%s: widths %s, %s, %d parameters, input %dx%dx%d, %d map(s)"
        .formatted(
            spec.architecture(),
            form.features(),
            form.groups() == 0 ? "instance norm" : form.groups() + " groups",
            parameters(),
            spec.channels(),
            spec.height(),
            spec.width(),
            spec.classes());
  }
}
