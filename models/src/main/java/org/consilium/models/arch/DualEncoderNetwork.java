package org.consilium.models.arch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.core.Embedding;
import java.util.Optional;
import org.consilium.models.catalog.DualEncoder;
import org.consilium.models.catalog.VisionTransformer;

/**
 * A. Radford et al., "Learning Transferable Visual Models From Natural Language Supervision", ICML
 * 2021, section 2.4; as open_clip has it. Shapes: B images or texts, L tokens of a text, D widths,
 * E width of the common space.
 *
 * <p>As an {@link Encoder} it is the image tower: the embedding is the image's vector before
 * normalisation, and there is no head.
 */
public final class DualEncoderNetwork implements Encoder {
  private static final double NORM_MIN = 1e-12;

  private final DualEncoder.Shape shape;
  private final TransformerBlock images;
  private final TransformerBlock texts;
  private final NDArray causal;
  private final Optional<Encoder> residual;

  /**
   * The network of one architecture.
   *
   * @param constants owns the arrays that every pass needs; must live as long as the network
   */
  public DualEncoderNetwork(DualEncoder architecture, NDManager constants) {
    this.shape = architecture.shape();
    this.images = block(shape.body(), shape);
    this.texts = block(shape.text().body(), shape);
    this.residual =
        architecture
            .residual()
            .map(tower -> new ResNetGnNetwork(tower, GroupNorm.of(tower.groups(), constants)));
    int length = shape.text().context();
    float[] later = new float[length * length];
    for (int at = 0; at < length; at++) {
      java.util.Arrays.fill(
          later, at * length + at + 1, (at + 1) * length, Float.NEGATIVE_INFINITY);
    }
    this.causal = constants.create(later, new Shape(length, length));
  }

  /** [B, C, H, W] to [B, E], not normalised. */
  @Override
  public NDArray embed(NDArray pixels, Weights all, Trace trace) {
    Weights weights = all.at("visual.");
    if (residual.isPresent()) {
      NDArray seen = residual.get().embed(pixels, weights, Trace.NONE);
      NDArray embedding = seen.matMul(weights.get("proj"));
      trace.seen("image_embedding", embedding);
      return embedding;
    }
    NDArray x = PatchEmbedding.apply(pixels, shape.image(), weights.get("conv1.weight"), null);
    NDArray token = PatchEmbedding.repeated(x, weights.get("class_embedding"), 1);
    x = PatchEmbedding.before(token, x).add(weights.get("positional_embedding"));
    x = weights.layerNorm(x, "ln_pre", shape.epsilon());
    for (int block = 0; block < shape.body().depth(); block++) {
      x = images.apply(x, weights.at("transformer.resblocks." + block + "."), null);
    }
    NDArray first = weights.layerNorm(x.get(new NDIndex(":, 0")), "ln_post", shape.epsilon());
    NDArray embedding = first.matMul(weights.get("proj"));
    trace.seen("image_embedding", embedding);
    return embedding;
  }

  @Override
  public NDArray head(NDArray embedding, Weights weights) {
    return embedding;
  }

  /**
   * Texts to [B, E], not normalised.
   *
   * @param tokens [B, L] row by row; a text's vector is taken at its largest id, where it ends
   * @param owner of what is made
   * @throws IllegalArgumentException if an id is none of the vocabulary
   */
  public NDArray embedTexts(long[] tokens, NDManager owner, Weights weights, Trace trace) {
    int length = shape.text().context();
    long[] ends = ends(tokens);
    NDArray ids = owner.create(tokens, new Shape(ends.length, length));
    NDArray x =
        Embedding.embedding(ids, weights.get("token_embedding.weight"), SparseFormat.DENSE)
            .singletonOrThrow()
            .add(weights.get("positional_embedding"));
    for (int block = 0; block < shape.text().body().depth(); block++) {
      x = texts.apply(x, weights.at("transformer.resblocks." + block + "."), causal);
    }
    x = weights.layerNorm(x, "ln_final", shape.epsilon());
    long width = x.getShape().get(2);
    NDArray index =
        owner.create(ends, new Shape(ends.length, 1, 1)).broadcast(ends.length, 1, width);
    NDArray last = x.gather(index, 1).reshape(ends.length, width);
    NDArray embedding = last.matMul(weights.get("text_projection"));
    trace.seen("text_embedding", embedding);
    return embedding;
  }

  /** Rows of length 1: what the contrastive losses and every comparison take. */
  public static NDArray normalised(NDArray embedding) {
    return embedding.normalize(2, 1, NORM_MIN);
  }

  private long[] ends(long[] tokens) {
    int length = shape.text().context();
    if (tokens.length == 0 || tokens.length % length != 0) {
      throw new IllegalArgumentException(
          "dual encoder takes texts of %d tokens, got %d tokens".formatted(length, tokens.length));
    }
    long[] ends = new long[tokens.length / length];
    for (int i = 0; i < tokens.length; i++) {
      int text = i / length;
      if (tokens[i] < 0 || tokens[i] >= shape.text().words()) {
        throw new IllegalArgumentException(
            "dual encoder: token ids must be 0-%d, text %d has %d"
                .formatted(shape.text().words() - 1, text, tokens[i]));
      }
      if (tokens[i] > tokens[text * length + (int) ends[text]]) {
        ends[text] = i % length;
      }
    }
    return ends;
  }

  private static TransformerBlock block(VisionTransformer.Body body, DualEncoder.Shape shape) {
    return new TransformerBlock(
        TransformerBlock.Naming.OPEN_CLIP,
        new TransformerBlock.Choices(body.heads(), shape.activation(), false, shape.epsilon()));
  }
}
