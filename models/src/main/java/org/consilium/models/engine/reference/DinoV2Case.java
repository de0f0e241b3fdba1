package org.consilium.models.engine.reference;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.consilium.models.arch.Network;
import org.consilium.models.arch.Trace;
import org.consilium.models.catalog.VisionTransformer;
import org.consilium.models.catalog.VisionTransformer.Activation;
import org.consilium.models.catalog.VisionTransformer.Body;
import org.consilium.models.catalog.VisionTransformer.Image;
import org.consilium.models.catalog.VisionTransformer.Shape;
import org.consilium.models.catalog.VisionTransformer.Tokens;
import org.consilium.models.catalog.VisionTransformer.Variant;
import org.consilium.models.checkpoint.Checkpoint;
import org.consilium.models.checkpoint.Family;
import org.consilium.models.checkpoint.PositionRule;

/** DINOv2 in its own names, at its native image size and at another. */
final class DinoV2Case implements ReferenceCase {
  private static final Set<String> KNOWN =
      Set.of(
          "img_size",
          "patch_size",
          "in_chans",
          "embed_dim",
          "depth",
          "num_heads",
          "mlp_ratio",
          "qkv_bias",
          "block_chunks",
          "init_values",
          "ffn_layer",
          "num_register_tokens",
          "interpolate_offset",
          "interpolate_antialias");

  @Override
  public boolean fits(Workbench bench) {
    return bench.values().text("reference", "").startsWith("facebookresearch/dinov2");
  }

  @Override
  public void run(Workbench bench) throws IOException {
    Arguments arguments = bench.arguments();
    arguments.requireOnly(KNOWN);
    Map<String, NDArray> recorded = bench.arrays("io.safetensors");
    Shape shape = shape(bench.values(), arguments);
    PositionRule rule =
        new PositionRule.DinoV2(
            arguments.real("interpolate_offset", 0.1),
            arguments.flag("interpolate_antialias", false));
    compare(bench, shape, new PositionRule.Strict(), "");
    if (recorded.containsKey("input_other_size")) {
      var other = bench.required(recorded, "input_other_size").getShape();
      Image image =
          new Image(
              shape.image().channels(),
              (int) other.get(2),
              (int) other.get(3),
              shape.image().patch());
      Shape resized = new Shape(image, shape.body(), shape.tokens(), shape.variant(), 0);
      compare(bench, resized, rule, "_other_size");
    }
    bench.requireCompared(recorded.keySet(), "input", "input_other_size");
  }

  private static void compare(Workbench bench, Shape shape, PositionRule rule, String end)
      throws IOException {
    VisionTransformer model = VisionTransformer.of("dinov2", shape);
    Map<String, NDArray> recorded = bench.arrays("io.safetensors");
    Map<String, NDArray> seen = new HashMap<>();
    Trace blocks = end.isEmpty() ? bench.against(recorded) : Trace.NONE;
    Checkpoint.Wanted wanted = Checkpoint.Wanted.all(Family.DINOV2).resampled(rule);
    try (Checkpoint checkpoint =
        Checkpoint.open(bench.file("weights.safetensors"), model, wanted)) {
      var weights = bench.weights(model.layout(), bench.arrays(checkpoint));
      var _ =
          Network.of(model, bench.manager())
              .logits(
                  bench.required(recorded, "input" + end),
                  weights,
                  (name, value) -> {
                    blocks.seen(name, value);
                    seen.put(name, value);
                  });
    }
    NDArray features = bench.required(seen, "features");
    int registers = shape.tokens().registers();
    bench.compare(
        "cls" + end, features.get(new NDIndex(":, 0")), bench.required(recorded, "cls" + end));
    bench.compare(
        "patches" + end,
        features.get(new NDIndex(":, {}:", 1 + registers)),
        bench.required(recorded, "patches" + end));
    NDArray expected = recorded.get("registers" + end);
    if (registers > 0 && expected != null) {
      bench.compare(
          "registers" + end, features.get(new NDIndex(":, 1:{}", 1 + registers)), expected);
    }
  }

  private static Shape shape(Arguments config, Arguments arguments) {
    int[] size = arguments.size("img_size", 224);
    int width = arguments.whole("embed_dim", 768);
    int usual = (int) (width * arguments.real("mlp_ratio", 4));
    boolean gated =
        switch (arguments.text("ffn_layer", "mlp")) {
          case "mlp" -> false;
          case "swiglu", "swiglufused" -> true;
          case String other ->
              throw new IllegalArgumentException("argument ffn_layer: got " + other);
        };
    // Two thirds, rounded up to eight: the gated MLP has as many parameters as the plain one.
    int hidden = gated ? 2 * (Math.ceilDiv(usual * 2 / 3, 8) * 8) : usual;
    int registers = arguments.whole("num_register_tokens", 0);
    Image image =
        new Image(
            arguments.whole("in_chans", 3), size[0], size[1], arguments.whole("patch_size", 16));
    Body body =
        new Body(width, arguments.whole("depth", 12), arguments.whole("num_heads", 12), hidden);
    Variant variant =
        new Variant(
            arguments.flag("qkv_bias", true),
            arguments.real("init_values"),
            false,
            gated ? Activation.SILU : Activation.GELU,
            gated,
            (float) config.real("layer_norm_eps", 1e-6));
    return new Shape(
        image, body, new Tokens(true, registers, registers == 0, false, false), variant, 0);
  }
}
