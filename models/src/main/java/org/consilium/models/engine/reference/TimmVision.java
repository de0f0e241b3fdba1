package org.consilium.models.engine.reference;

import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.consilium.models.catalog.VisionTransformer;
import org.consilium.models.catalog.VisionTransformer.Activation;
import org.consilium.models.catalog.VisionTransformer.Body;
import org.consilium.models.catalog.VisionTransformer.Image;
import org.consilium.models.catalog.VisionTransformer.Shape;
import org.consilium.models.catalog.VisionTransformer.Tokens;
import org.consilium.models.catalog.VisionTransformer.Variant;

/** timm's {@code VisionTransformer(...)} arguments as a shape of ours. */
final class TimmVision {
  /** What decides the tensors and the arithmetic. */
  private static final Set<String> KNOWN =
      Set.of(
          "img_size",
          "patch_size",
          "in_chans",
          "num_classes",
          "global_pool",
          "embed_dim",
          "depth",
          "num_heads",
          "mlp_ratio",
          "qkv_bias",
          "init_values",
          "class_token",
          "no_embed_class",
          "reg_tokens",
          "pre_norm",
          "fc_norm",
          "norm_layer",
          "act_layer",
          "mlp_layer",
          // Without effect on a model that judges images of its native size:
          "dynamic_img_size",
          "dynamic_img_pad",
          "weight_init",
          "fix_init",
          "drop_rate",
          "pos_drop_rate",
          "patch_drop_rate",
          "proj_drop_rate",
          "attn_drop_rate",
          "drop_path_rate");

  private static final Pattern EPSILON = Pattern.compile("eps *= *([0-9.eE+-]+)");
  private static final double EPSILON_USUAL = 1e-6;

  private TimmVision() {}

  /** Whether a configuration speaks of this class. */
  static boolean fits(Arguments config) {
    String reference = config.text("reference", "");
    return reference.matches("timm\\b.*\\bVisionTransformer\\b.*") && config.has("arguments");
  }

  /**
   * The model of a configuration.
   *
   * @throws IllegalArgumentException if it is none that we have
   */
  static VisionTransformer of(Arguments config, Arguments arguments) {
    arguments.requireOnly(KNOWN);
    int[] size = arguments.size("img_size", 224);
    int[] patch = arguments.size("patch_size", 16);
    if (patch[0] != patch[1]) {
      throw new IllegalArgumentException("argument patch_size: patches must be square");
    }
    Image image = new Image(arguments.whole("in_chans", 3), size[0], size[1], patch[0]);
    Body body =
        Body.of(
            arguments.whole("embed_dim", 768),
            arguments.whole("depth", 12),
            arguments.whole("num_heads", 12),
            arguments.real("mlp_ratio", 4));
    Shape shape =
        new Shape(
            image,
            body,
            tokens(arguments),
            variant(config, arguments),
            arguments.whole("num_classes", 1000));
    return VisionTransformer.of("vit", shape);
  }

  private static Tokens tokens(Arguments arguments) {
    boolean averaged =
        switch (arguments.text("global_pool", "token")) {
          case "token" -> false;
          case "avg" -> true;
          case String other ->
              throw new IllegalArgumentException(
                  "argument global_pool: token or avg, got " + other);
        };
    return new Tokens(
        arguments.flag("class_token", true),
        arguments.whole("reg_tokens", 0),
        !arguments.flag("no_embed_class", false),
        averaged,
        arguments.flag("fc_norm", averaged));
  }

  private static Variant variant(Arguments config, Arguments arguments) {
    boolean gated =
        switch (arguments.text("mlp_layer", "Mlp")) {
          case "Mlp" -> false;
          case "SwiGLUPacked", "GluMlp" -> true;
          case String other ->
              throw new IllegalArgumentException("argument mlp_layer: got " + other);
        };
    return new Variant(
        arguments.flag("qkv_bias", true),
        arguments.real("init_values"),
        arguments.flag("pre_norm", false),
        activation(arguments.text("act_layer", "gelu")),
        gated,
        (float) epsilon(config, arguments));
  }

  private static Activation activation(String name) {
    return switch (name.toLowerCase(Locale.ROOT).replace("_", "")) {
      case "gelu" -> Activation.GELU;
      case "quickgelu" -> Activation.QUICK_GELU;
      case "silu", "swish" -> Activation.SILU;
      default -> throw new IllegalArgumentException("argument act_layer: got " + name);
    };
  }

  /** The configuration's own figure first, then the normalisation's arguments. */
  private static double epsilon(Arguments config, Arguments arguments) {
    Matcher written = EPSILON.matcher(arguments.text("norm_layer", ""));
    Optional<String> found = written.find() ? Optional.of(written.group(1)) : Optional.empty();
    return config.real("layer_norm_eps", found.map(Double::parseDouble).orElse(EPSILON_USUAL));
  }
}
