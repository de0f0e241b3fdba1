package org.consilium.models.arch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import org.consilium.models.catalog.MaskedAutoencoder;
import org.consilium.models.task.PatchMask;

/**
 * K. He, X. Chen, S. Xie, Y. Li, P. Dollár, R. Girshick, "Masked Autoencoders Are Scalable Vision
 * Learners", CVPR 2022, section 3. Shapes: B images, N patches, K kept, D and d widths of encoder
 * and decoder.
 *
 * <p>As an {@link Encoder} it sees every patch, and the embedding is the mean of the patches after
 * the last normalisation; there is no head.
 */
public final class MaskedAutoencoderNetwork implements Encoder {
  private final MaskedAutoencoder.Shape shape;
  private final TransformerBlock encoder;
  private final TransformerBlock decoder;

  /** The network of one architecture. */
  public MaskedAutoencoderNetwork(MaskedAutoencoder architecture) {
    this.shape = architecture.shape();
    this.encoder = block(shape.body(), shape);
    this.decoder = block(shape.decoding(), shape);
  }

  /**
   * The pixels of every patch, drawn from those that the mask leaves.
   *
   * @param images [B, C, H, W], normalised
   * @param mask of the same images
   * @return [B, N, p·p·C], a patch's pixels row by row, the channel last; owned by the manager of
   *     {@code images}
   */
  public NDArray predict(NDArray images, PatchMask mask, Weights weights, Trace trace) {
    if (mask.images() != images.getShape().get(0) || mask.patches() != shape.image().patches()) {
      throw new IllegalArgumentException(
          "masked autoencoder: a mask of %d images of %d patches for images %s of %d patches"
              .formatted(
                  mask.images(), mask.patches(), images.getShape(), shape.image().patches()));
    }
    NDArray kept = rows(placed(images, weights), mask.seen(), mask.kept());
    NDArray latent = encode(kept, weights, trace);
    trace.seen("latent", latent);
    return decode(latent, mask, weights, trace);
  }

  @Override
  public NDArray embed(NDArray images, Weights weights, Trace trace) {
    NDArray latent = encode(placed(images, weights), weights, trace);
    return latent.get(new NDIndex(":, 1:")).mean(new int[] {1});
  }

  @Override
  public NDArray head(NDArray embedding, Weights weights) {
    return embedding;
  }

  /** Patches with their places, [B, N, D]. */
  private NDArray placed(NDArray images, Weights weights) {
    NDArray x =
        PatchEmbedding.apply(
            images,
            shape.image(),
            weights.get("patch_embed.proj.weight"),
            weights.get("patch_embed.proj.bias"));
    NDArray places = weights.get("pos_embed").get(new NDIndex(":, 1:"));
    places.attach(x.getManager());
    return x.add(places);
  }

  /** [B, K, D] to [B, 1 + K, D], the class token first; its place is zero by construction. */
  private NDArray encode(NDArray patches, Weights weights, Trace trace) {
    NDArray place = weights.get("pos_embed").get(new NDIndex(":, :1"));
    place.attach(patches.getManager());
    NDArray token = PatchEmbedding.repeated(patches, weights.get("cls_token"), 1).add(place);
    NDArray x = PatchEmbedding.before(token, patches);
    var stack = new TransformerBlock.Stack("blocks.", shape.body().depth(), "block.");
    x = encoder.stack(x, weights, stack, trace);
    return weights.layerNorm(x, "norm", shape.variant().epsilon());
  }

  private NDArray decode(NDArray latent, PatchMask mask, Weights weights, Trace trace) {
    NDArray x = weights.linear(latent, "decoder_embed");
    NDArray token = x.get(new NDIndex(":, :1"));
    NDArray seen = x.get(new NDIndex(":, 1:"));
    int hidden = mask.patches() - mask.kept();
    NDArray blanks = PatchEmbedding.repeated(x, weights.get("mask_token"), 1);
    blanks = blanks.broadcast(mask.images(), hidden, shape.decoder().width());
    NDArray patches = rows(PatchEmbedding.before(seen, blanks), mask.restore(), mask.patches());
    x = PatchEmbedding.before(token, patches).add(weights.get("decoder_pos_embed"));
    var stack =
        new TransformerBlock.Stack("decoder_blocks.", shape.decoder().depth(), "decoder_block.");
    x = decoder.stack(x, weights, stack, trace);
    x = weights.layerNorm(x, "decoder_norm", shape.variant().epsilon());
    return weights.linear(x, "decoder_pred").get(new NDIndex(":, 1:"));
  }

  /** Some rows of each image: [B, N, D] and [B, count] to [B, count, D]. */
  private static NDArray rows(NDArray x, long[] places, int count) {
    long batch = x.getShape().get(0);
    long width = x.getShape().get(2);
    NDArray index =
        x.getManager().create(places, new Shape(batch, count, 1)).broadcast(batch, count, width);
    return x.gather(index, 1);
  }

  private static TransformerBlock block(
      org.consilium.models.catalog.VisionTransformer.Body body, MaskedAutoencoder.Shape shape) {
    return new TransformerBlock(
        TransformerBlock.Naming.TIMM, TransformerBlock.Choices.of(body, shape.variant()));
  }
}
