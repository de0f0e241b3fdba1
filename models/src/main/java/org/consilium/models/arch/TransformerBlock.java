package org.consilium.models.arch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Activation;
import org.consilium.models.catalog.VisionTransformer;
import org.jspecify.annotations.Nullable;

/**
 * A transformer block with the normalisation first (A. Vaswani et al. 2017; A. Dosovitskiy et al.
 * 2021, equations 2 and 3): x += attention(norm x), then x += mlp(norm x), each times a LayerScale
 * if the weights have one. Shapes: B images, N tokens, D width, h heads.
 */
final class TransformerBlock {
  private static final float QUICK_GELU = 1.702f;
  private static final float SILU = 1f;

  /**
   * What the tensors of a block are called; {@code joint} stands between qkv and weight or bias.
   */
  enum Naming {
    TIMM("norm1", "norm2", "attn.qkv", ".", "attn.proj", "mlp.fc1", "mlp.fc2"),
    OPEN_CLIP("ln_1", "ln_2", "attn.in_proj", "_", "attn.out_proj", "mlp.c_fc", "mlp.c_proj");

    private final String norm1;
    private final String norm2;
    private final String qkv;
    private final String joint;
    private final String proj;
    private final String fc1;
    private final String fc2;

    @SuppressWarnings("TooManyParameters") // one a tensor
    Naming(
        String norm1, String norm2, String qkv, String joint, String proj, String fc1, String fc2) {
      this.norm1 = norm1;
      this.norm2 = norm2;
      this.qkv = qkv;
      this.joint = joint;
      this.proj = proj;
      this.fc1 = fc1;
      this.fc2 = fc2;
    }
  }

  /**
   * Choices that the weights' names do not show.
   *
   * @param epsilon of the normalisations
   */
  record Choices(int heads, VisionTransformer.Activation activation, boolean gated, float epsilon) {
    static Choices of(VisionTransformer.Body body, VisionTransformer.Variant variant) {
      return new Choices(body.heads(), variant.activation(), variant.gated(), variant.epsilon());
    }
  }

  private final Naming naming;
  private final Choices choices;
  private final Attention attention = Attention.find();

  TransformerBlock(Naming naming, Choices choices) {
    this.naming = naming;
    this.choices = choices;
  }

  /**
   * One block.
   *
   * @param x [B, N, D]
   * @param mask [N, N], added to the attention's logits; null for none
   */
  NDArray apply(NDArray x, Weights weights, @Nullable NDArray mask) {
    NDArray attended = attention(norm(x, weights, naming.norm1), weights, mask);
    NDArray middle = x.add(scaled(attended, weights, "ls1.gamma"));
    NDArray changed = mlp(norm(middle, weights, naming.norm2), weights);
    return middle.add(scaled(changed, weights, "ls2.gamma"));
  }

  /**
   * Every block {@code prefix}0., {@code prefix}1. .., each shown as {@code seen}0, {@code seen}1.
   */
  NDArray stack(NDArray tokens, Weights weights, Stack stack, Trace trace) {
    NDArray x = tokens;
    for (int block = 0; block < stack.depth(); block++) {
      x = apply(x, weights.at(stack.prefix() + block + "."), null);
      trace.seen(stack.seen() + block, x);
    }
    return x;
  }

  /** Which blocks to run. */
  record Stack(String prefix, int depth, String seen) {}

  private NDArray norm(NDArray x, Weights weights, String layer) {
    return weights.layerNorm(x, layer, choices.epsilon());
  }

  private NDArray attention(NDArray x, Weights weights, @Nullable NDArray mask) {
    long batch = x.getShape().get(0);
    long tokens = x.getShape().get(1);
    long width = x.getShape().get(2);
    long heads = choices.heads();
    NDList parts =
        weights
            .linear(x, naming.qkv, naming.joint)
            .reshape(batch, tokens, 3, heads, width / heads)
            .transpose(2, 0, 3, 1, 4)
            .split(3);
    NDArray mixed =
        attention
            .apply(head(parts, 0), head(parts, 1), head(parts, 2), mask)
            .transpose(0, 2, 1, 3)
            .reshape(batch, tokens, width);
    return weights.linear(mixed, naming.proj);
  }

  /** Queries, keys or values, [B, h, N, D/h]. */
  private static NDArray head(NDList parts, int which) {
    return parts.get(which).squeeze(0);
  }

  private NDArray mlp(NDArray x, Weights weights) {
    NDArray hidden = weights.linear(x, naming.fc1);
    if (!choices.gated()) {
      return weights.linear(activate(hidden), naming.fc2);
    }
    NDList halves = hidden.split(2, 2);
    return weights.linear(activate(halves.get(0)).mul(halves.get(1)), naming.fc2);
  }

  private NDArray activate(NDArray x) {
    return switch (choices.activation()) {
      case GELU -> Activation.gelu(x);
      case QUICK_GELU -> Activation.swish(x, QUICK_GELU);
      case SILU -> Activation.swish(x, SILU);
    };
  }

  private static NDArray scaled(NDArray x, Weights weights, String name) {
    return weights.has(name) ? x.mul(weights.get(name)) : x;
  }
}
