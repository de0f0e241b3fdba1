package org.consilium.models.arch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import org.consilium.models.catalog.Unetr;

/** A. Hatamizadeh et al., "UNETR: Transformers for 3D Medical Image Segmentation", WACV 2022. */
final class UnetrNetwork implements Network {
  private static final float SLOPE = 0.01f;
  private static final float EPSILON_MONAI = 1e-5f;
  private static final float EPSILON_TIMM = 1e-6f;

  private final Unetr.Form form;
  private final InstanceNorm norm;
  private final boolean timm;

  UnetrNetwork(Unetr.Form form, NDManager constants) {
    this.form = form;
    this.norm = new InstanceNorm(constants);
    this.timm = form.names() == Unetr.Names.TIMM;
  }

  @Override
  public NDArray logits(NDArray images, Weights weights, Trace trace) {
    Weights vit = weights.at("vit.");
    String patches = timm ? "patch_embed.proj" : "patch_embedding.patch_embeddings";
    NDArray grid =
        Convolution.patches(
            Convolution.channelsLast(images),
            vit.get(patches + ".weight"),
            vit.optional(patches + ".bias"));
    Shape size = grid.getShape();
    NDArray x = grid.reshape(size.get(0), size.get(1) * size.get(2), size.get(3));
    x = x.add(vit.get(timm ? "pos_embed" : "patch_embedding.position_embeddings"));
    NDArray[] taps = new NDArray[3];
    for (int block = 0; block < form.tokens().blocks(); block++) {
      x = block(x, vit.at("blocks." + block + "."));
      trace.seen("vit.block." + block, x);
      for (int tap = 0; tap < taps.length; tap++) {
        if (block == tapped(tap)) {
          taps[tap] = map(x, size);
        }
      }
    }
    NDArray last = map(vit.layerNorm(x, "norm", epsilon()), size);
    return decoded(images, taps, last, weights, trace);
  }

  /** MONAI takes the tokens after blocks 4, 7 and 10 of 12; ours are quarters of the depth. */
  private int tapped(int tap) {
    int quarter = form.tokens().blocks() / 4;
    return timm ? (tap + 1) * quarter - 1 : (tap + 1) * quarter;
  }

  private NDArray decoded(
      NDArray images, NDArray[] taps, NDArray last, Weights weights, Trace trace) {
    int doublings = form.doublings();
    NDArray[] skips = new NDArray[doublings];
    skips[0] = convolutions(images, weights.at("encoder1.layer."));
    trace.seen("encoder1", skips[0]);
    for (int tap = 0; tap < taps.length; tap++) {
      NDArray skip = raised(taps[tap], weights.at("encoder%d.".formatted(tap + 2)), 2 - tap);
      trace.seen("encoder" + (tap + 2), skip);
      int halvings = doublings - 3 + tap;
      skips[halvings] = halvings == 0 ? skips[0].add(skip) : skip;
    }
    NDArray x = last;
    for (int halvings = doublings - 1; halvings >= 0; halvings--) {
      Weights inside = weights.at("decoder%d.".formatted(halvings + 2));
      NDArray up = Convolution.doubled(x, inside.get("transp_conv.conv.weight"), null);
      x = convolutions(up.concat(skips[halvings], 1), inside.at("conv_block."));
      trace.seen("decoder" + (halvings + 2), x);
    }
    NDArray logits =
        Convolution.dense(
            x, weights.get("out.conv.conv.weight"), weights.optional("out.conv.conv.bias"), 1, 0);
    trace.seen("logits", logits);
    return logits;
  }

  private NDArray raised(NDArray x, Weights weights, int more) {
    NDArray y = Convolution.doubled(x, weights.get("transp_conv_init.conv.weight"), null);
    for (int i = 0; i < more; i++) {
      Weights inside = weights.at("blocks." + i + ".");
      y = Convolution.doubled(y, inside.get("0.conv.weight"), null);
      y = convolutions(y, inside.at("1."));
    }
    return y;
  }

  /** Two convolutions, and the input added if the blocks are residual. */
  private NDArray convolutions(NDArray x, Weights weights) {
    NDArray y = norm.apply(Convolution.dense(x, weights.get("conv1.conv.weight"), null, 1, 1));
    y = Activation.leakyRelu(y, SLOPE);
    y = norm.apply(Convolution.dense(y, weights.get("conv2.conv.weight"), null, 1, 1));
    if (form.residual()) {
      NDArray shortcut =
          weights.has("conv3.conv.weight")
              ? norm.apply(Convolution.dense(x, weights.get("conv3.conv.weight"), null, 1, 0))
              : x;
      y = y.add(shortcut);
    }
    return Activation.leakyRelu(y, SLOPE);
  }

  private NDArray block(NDArray x, Weights weights) {
    NDArray y = x.add(attention(weights.layerNorm(x, "norm1", epsilon()), weights));
    NDArray inner = weights.layerNorm(y, "norm2", epsilon());
    inner = Activation.gelu(weights.linear(inner, timm ? "mlp.fc1" : "mlp.linear1"));
    return y.add(weights.linear(inner, timm ? "mlp.fc2" : "mlp.linear2"));
  }

  private NDArray attention(NDArray x, Weights weights) {
    Shape size = x.getShape();
    long heads = form.tokens().heads();
    long width = size.get(2) / heads;
    NDArray split =
        weights
            .linear(x, "attn.qkv")
            .reshape(size.get(0), size.get(1), 3, heads, width)
            .transpose(2, 0, 3, 1, 4);
    NDArray query = split.get(0).mul(1 / Math.sqrt((double) width));
    NDArray share = query.matMul(split.get(1).transpose(0, 1, 3, 2)).softmax(-1);
    NDArray seen = share.matMul(split.get(2)).transpose(0, 2, 1, 3).reshape(size);
    return weights.linear(seen, timm ? "attn.proj" : "attn.out_proj");
  }

  private float epsilon() {
    return timm ? EPSILON_TIMM : EPSILON_MONAI;
  }

  /** Tokens as a map [batch, width, rows, columns]. */
  private static NDArray map(NDArray tokens, Shape grid) {
    return Convolution.channelsFirst(tokens.reshape(grid));
  }
}
