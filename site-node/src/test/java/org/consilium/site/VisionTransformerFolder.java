package org.consilium.site;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.SafetensorsWriter;
import org.consilium.models.params.TensorSpec;

/** A reference folder of the smallest vision transformer: all weights 0, the head's bias 0.5. */
final class VisionTransformerFolder {
  private static final String CONFIG =
      """
      {"reference": "timm, VisionTransformer", "tolerance": 1e-4, "arguments": {"img_size": 8,
       "patch_size": 8, "in_chans": 1, "num_classes": 1, "embed_dim": 2, "depth": 1,
       "num_heads": 1, "mlp_ratio": 1}}
      """;

  private static final List<TensorSpec> WEIGHTS =
      List.of(
          TensorSpec.of("cls_token", 1, 1, 2),
          TensorSpec.of("pos_embed", 1, 2, 2),
          TensorSpec.of("patch_embed.proj.weight", 2, 1, 8, 8),
          TensorSpec.of("patch_embed.proj.bias", 2),
          TensorSpec.of("blocks.0.norm1.weight", 2),
          TensorSpec.of("blocks.0.norm1.bias", 2),
          TensorSpec.of("blocks.0.attn.qkv.weight", 6, 2),
          TensorSpec.of("blocks.0.attn.qkv.bias", 6),
          TensorSpec.of("blocks.0.attn.proj.weight", 2, 2),
          TensorSpec.of("blocks.0.attn.proj.bias", 2),
          TensorSpec.of("blocks.0.norm2.weight", 2),
          TensorSpec.of("blocks.0.norm2.bias", 2),
          TensorSpec.of("blocks.0.mlp.fc1.weight", 2, 2),
          TensorSpec.of("blocks.0.mlp.fc1.bias", 2),
          TensorSpec.of("blocks.0.mlp.fc2.weight", 2, 2),
          TensorSpec.of("blocks.0.mlp.fc2.bias", 2),
          TensorSpec.of("norm.weight", 2),
          TensorSpec.of("norm.bias", 2),
          TensorSpec.of("head.weight", 1, 2),
          TensorSpec.of("head.bias", 1));

  private VisionTransformerFolder() {}

  /** Writes the folder with this number as the recorded logit. */
  static void write(Path folder, float logit) throws IOException {
    Files.createDirectories(folder);
    Files.writeString(folder.resolve("config.json"), CONFIG, StandardCharsets.UTF_8);
    ParameterLayout weights = ParameterLayout.of(WEIGHTS);
    float[] zeros = new float[(int) weights.length()];
    zeros[zeros.length - 1] = 0.5f;
    write(folder.resolve("weights.safetensors"), weights, zeros);
    ParameterLayout io =
        ParameterLayout.of(
            List.of(TensorSpec.of("input", 1, 1, 8, 8), TensorSpec.of("logits", 1, 1)));
    float[] values = new float[65];
    values[64] = logit;
    write(folder.resolve("io.safetensors"), io, values);
  }

  private static void write(Path file, ParameterLayout layout, float... values) throws IOException {
    try (SafetensorsWriter out = SafetensorsWriter.create(file, layout, Map.of())) {
      out.write(values, 0, values.length);
      var _ = out.finish(false);
    }
  }
}
