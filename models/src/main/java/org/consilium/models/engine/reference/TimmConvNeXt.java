package org.consilium.models.engine.reference;

import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonElement;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import org.consilium.models.catalog.ConvNeXt;
import org.consilium.protocol.ModelSpec;

/** timm's {@code ConvNeXt(...)} arguments as a model of ours. */
final class TimmConvNeXt {
  private static final Set<String> KNOWN =
      Set.of(
          "in_chans",
          "num_classes",
          "depths",
          "dims",
          "kernel_sizes",
          "patch_size",
          "conv_mlp",
          "use_grn",
          "ls_init_value",
          "norm_eps",
          // Without effect on a forward pass:
          "head_init_scale",
          "drop_rate",
          "drop_path_rate");

  private TimmConvNeXt() {}

  /** Whether a configuration speaks of this class. */
  static boolean fits(Arguments config) {
    String reference = config.text("reference", "");
    return reference.startsWith("timm") && reference.contains("ConvNeXt");
  }

  /**
   * The model of a configuration, for images [batch, channels, height, width].
   *
   * @throws IllegalArgumentException if it is none that we have
   */
  static ConvNeXt of(Arguments config, Arguments arguments, Shape images) {
    arguments.requireOnly(KNOWN);
    List<Integer> depths = wholes(arguments, "depths", List.of(3, 3, 9, 3));
    double epsilon = config.real("norm_eps", ConvNeXt.Block.EPSILON);
    // A null means no scale; a missing one timm's default.
    boolean written = arguments.values().has("ls_init_value");
    ConvNeXt.Form form =
        new ConvNeXt.Form(
            depths,
            wholes(arguments, "dims", List.of(96, 192, 384, 768)),
            kernels(arguments, depths.size()),
            arguments.whole("patch_size", 4),
            new ConvNeXt.Block(
                arguments.flag("conv_mlp", false),
                arguments.flag("use_grn", false),
                arguments.real("ls_init_value", written ? 0 : 1e-6),
                (float) arguments.real("norm_eps", epsilon)));
    int channels = arguments.whole("in_chans", 3);
    return new ConvNeXt(
        spec("convnext", channels, images, arguments.whole("num_classes", 1000)), form);
  }

  /** What a configuration asks for under a name of ours. */
  static ModelSpec spec(String name, int channels, Shape images, int classes) {
    int height = Math.toIntExact(images.get(2));
    int width = Math.toIntExact(images.get(3));
    return new ModelSpec(name, channels, height, width, classes, 0);
  }

  private static List<Integer> kernels(Arguments arguments, int stages) {
    JsonElement found = arguments.values().get("kernel_sizes");
    return found != null && found.isJsonPrimitive()
        ? Collections.nCopies(stages, arguments.whole("kernel_sizes", 7))
        : wholes(arguments, "kernel_sizes", Collections.nCopies(stages, 7));
  }

  /** A list of whole numbers. */
  static List<Integer> wholes(Arguments arguments, String name, List<Integer> otherwise) {
    return arguments.has(name)
        ? arguments.numbers(name).stream().map(value -> Arguments.whole(name, value)).toList()
        : otherwise;
  }
}
