package org.consilium.models.engine.reference;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
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
  static boolean fits(JsonObject config) {
    String reference = new Arguments(config).text("reference", "");
    return reference.startsWith("timm") && reference.contains("ConvNeXt");
  }

  /**
   * The model of a configuration, for images of a given size.
   *
   * @throws IllegalArgumentException if it is none that we have
   */
  static ConvNeXt of(JsonObject config, JsonObject values, int height, int width) {
    Arguments arguments = new Arguments(values);
    arguments.requireOnly(KNOWN);
    List<Integer> depths = wholes(values, "depths", List.of(3, 3, 9, 3));
    double epsilon = new Arguments(config).real("norm_eps", ConvNeXt.Block.EPSILON);
    // A null means no scale; a missing one timm's default.
    double scale = arguments.real("ls_init_value", values.has("ls_init_value") ? 0 : 1e-6);
    ConvNeXt.Form form =
        new ConvNeXt.Form(
            depths,
            wholes(values, "dims", List.of(96, 192, 384, 768)),
            kernels(values, depths.size()),
            arguments.whole("patch_size", 4),
            new ConvNeXt.Block(
                arguments.flag("conv_mlp", false),
                arguments.flag("use_grn", false),
                scale,
                (float) arguments.real("norm_eps", epsilon)));
    ModelSpec spec =
        new ModelSpec(
            "convnext",
            arguments.whole("in_chans", 3),
            height,
            width,
            arguments.whole("num_classes", 1000),
            0);
    return new ConvNeXt(spec, form);
  }

  private static List<Integer> kernels(JsonObject values, int stages) {
    JsonElement found = values.get("kernel_sizes");
    return found != null && found.isJsonPrimitive()
        ? Collections.nCopies(stages, found.getAsInt())
        : wholes(values, "kernel_sizes", Collections.nCopies(stages, 7));
  }

  /** A list of whole numbers. */
  static List<Integer> wholes(JsonObject values, String name, List<Integer> otherwise) {
    return values.has(name) ? wholes(values.getAsJsonArray(name)) : otherwise;
  }

  static List<Integer> wholes(JsonArray array) {
    return array.asList().stream().map(JsonElement::getAsInt).toList();
  }
}
