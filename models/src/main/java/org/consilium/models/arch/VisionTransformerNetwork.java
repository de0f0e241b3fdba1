package org.consilium.models.arch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import org.consilium.models.catalog.VisionTransformer;
import org.consilium.models.catalog.VisionTransformer.Tokens;

/**
 * A. Dosovitskiy et al., "An Image is Worth 16x16 Words: Transformers for Image Recognition at
 * Scale", ICLR 2021; LayerScale: H. Touvron et al., "Going deeper with Image Transformers", ICCV
 * 2021; registers: T. Darcet et al., "Vision Transformers Need Registers", ICLR 2024; gated MLP: N.
 * Shazeer, "GLU Variants Improve Transformer", 2020; a normalisation before the blocks: A. Radford
 * et al., "Learning Transferable Visual Models From Natural Language Supervision", ICML 2021. As
 * timm has them. Shapes: B images, N tokens, D width.
 */
final class VisionTransformerNetwork implements Encoder {
  private final VisionTransformer.Shape shape;
  private final TransformerBlock block;

  VisionTransformerNetwork(VisionTransformer architecture) {
    this.shape = architecture.shape();
    this.block =
        new TransformerBlock(
            TransformerBlock.Naming.TIMM,
            TransformerBlock.Choices.of(shape.body(), shape.variant()));
  }

  @Override
  public NDArray embed(NDArray images, Weights weights, Trace trace) {
    NDArray x = tokens(images, weights);
    trace.seen("embed", x);
    var stack = new TransformerBlock.Stack("blocks.", shape.body().depth(), "block.");
    x = block.stack(x, weights, stack, trace);
    if (!shape.tokens().pooledNorm()) {
      x = weights.layerNorm(x, "norm", shape.variant().epsilon());
    }
    trace.seen("features", x);
    NDArray pooled = pooled(x);
    if (shape.tokens().pooledNorm()) {
      pooled = weights.layerNorm(pooled, "fc_norm", shape.variant().epsilon());
    }
    trace.seen("pre_logits", pooled);
    return pooled;
  }

  @Override
  public NDArray head(NDArray embedding, Weights weights) {
    return weights.has("head.weight") ? weights.linear(embedding, "head") : embedding;
  }

  /** [B, C, H, W] to the tokens that enter the first block, [B, N, D]. */
  private NDArray tokens(NDArray images, Weights weights) {
    Tokens tokens = shape.tokens();
    NDArray x =
        PatchEmbedding.apply(
            images,
            shape.image(),
            weights.get("patch_embed.proj.weight"),
            weights.optional("patch_embed.proj.bias"));
    if (!tokens.prefixPlaced()) {
      x = x.add(weights.get("pos_embed"));
    }
    if (tokens.registers() > 0) {
      NDArray registers = weights.get("reg_token");
      x = PatchEmbedding.before(PatchEmbedding.repeated(x, registers, tokens.registers()), x);
    }
    if (tokens.classToken()) {
      x = PatchEmbedding.before(PatchEmbedding.repeated(x, weights.get("cls_token"), 1), x);
    }
    if (tokens.prefixPlaced()) {
      x = x.add(weights.get("pos_embed"));
    }
    boolean preNorm = shape.variant().preNorm();
    return preNorm ? weights.layerNorm(x, "norm_pre", shape.variant().epsilon()) : x;
  }

  private NDArray pooled(NDArray x) {
    if (!shape.tokens().averaged()) {
      return x.get(new NDIndex(":, 0"));
    }
    return x.get(new NDIndex(":, {}:", shape.tokens().prefix())).mean(new int[] {1});
  }
}
