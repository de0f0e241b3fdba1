package org.consilium.models.catalog;

import org.consilium.models.catalog.VisionTransformer.Body;
import org.consilium.models.catalog.VisionTransformer.Image;
import org.consilium.models.catalog.VisionTransformer.Tokens;
import org.consilium.models.catalog.VisionTransformer.Variant;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;
import org.consilium.protocol.ModelSpec;

/**
 * A masked autoencoder (K. He et al., "Masked Autoencoders Are Scalable Vision Learners", CVPR
 * 2022): a vision transformer that sees some patches and a small one that draws the others. The
 * encoder's tensors have a vision transformer's names: without {@code decoder_*} and {@code
 * mask_token} they start one. Both position tables are fixed sines and cosines, not trained; {@link
 * #withoutPlaces} leaves the encoder's out.
 */
public final class MaskedAutoencoder implements Architecture {
  /** The original's decoder. */
  public static final Decoder STANDARD = new Decoder(512, 8, 16);

  private static final double TOKEN_DEVIATION = 0.02;

  /** The part that is dropped after pre-training. */
  public record Decoder(int width, int depth, int heads) {}

  /**
   * Everything that decides the tensors.
   *
   * @param ratio of an MLP's width to the tokens', in both parts
   */
  public record Shape(Image image, Body body, double ratio, Decoder decoder, Variant variant) {
    public Shape {
      if (body.width() % 4 != 0 || decoder.width() % 4 != 0) {
        throw new IllegalArgumentException(
            "masked autoencoder: widths must be multiples of 4 for the position tables, got %d, %d"
                .formatted(body.width(), decoder.width()));
      }
    }

    /** The decoder's stack of blocks. */
    public Body decoding() {
      return Body.of(decoder.width(), decoder.depth(), decoder.heads(), ratio);
    }

    /** Values of one predicted patch. */
    public int pixels() {
      return image.patch() * image.patch() * image.channels();
    }
  }

  private final String name;
  private final Shape shape;
  private final Blueprint.Plan plan;

  private MaskedAutoencoder(String name, Shape shape, Filling places) {
    this.name = name;
    this.shape = shape;
    Image image = shape.image();
    int width = shape.body().width();
    int narrow = shape.decoder().width();
    Filling token = new Filling.Normal(TOKEN_DEVIATION);
    int fanIn = shape.pixels();
    TransformerTensors tensors = new TransformerTensors(TransformerTensors.XAVIER);
    Blueprint to = tensors.blueprint();
    to.add("cls_token", token, 1, 1, width);
    to.add("pos_embed", places, 1, image.patches() + 1, width);
    to.add("mask_token", token, 1, 1, narrow);
    to.add("decoder_pos_embed", table(image, narrow), 1, image.patches() + 1, narrow);
    to.add(
        "patch_embed.proj.weight",
        TransformerTensors.XAVIER.of(width, fanIn),
        width,
        image.channels(),
        image.patch(),
        image.patch());
    to.add("patch_embed.proj.bias", new Filling.Uniform(1 / Math.sqrt(fanIn)), width);
    for (int block = 0; block < shape.body().depth(); block++) {
      tensors.block("blocks." + block + ".", shape.body(), shape.variant());
    }
    tensors.norm("norm", width);
    tensors.linear("decoder_embed", narrow, width, true);
    for (int block = 0; block < shape.decoder().depth(); block++) {
      tensors.block("decoder_blocks." + block + ".", shape.decoding(), shape.variant());
    }
    tensors.norm("decoder_norm", narrow);
    tensors.linear("decoder_pred", shape.pixels(), narrow, true);
    this.plan = to.plan();
  }

  /** An autoencoder of this shape. */
  public static MaskedAutoencoder of(String name, Shape shape) {
    return new MaskedAutoencoder(name, shape, table(shape.image(), shape.body().width()));
  }

  /**
   * What pre-trains a vision transformer.
   *
   * @throws IllegalArgumentException if it has registers or no class token
   */
  public static MaskedAutoencoder of(VisionTransformer encoder, Decoder decoder) {
    VisionTransformer.Shape shape = encoder.shape();
    Tokens tokens = shape.tokens();
    if (!tokens.classToken() || !tokens.prefixPlaced() || tokens.registers() > 0) {
      throw new IllegalArgumentException(
          "masked autoencoder: the encoder needs a class token with a place and no registers");
    }
    double ratio = (double) shape.body().hidden() / shape.body().width();
    return of(
        "mae-" + encoder.spec().architecture(),
        new Shape(shape.image(), shape.body(), ratio, decoder, shape.variant()));
  }

  /**
   * The same with zeros for the encoder's position table: it learns what patches look like, not
   * where they are, and the decoder alone knows the places to draw at. Whoever fine-tunes it for
   * something that may be anywhere needs fewer examples.
   */
  public MaskedAutoencoder withoutPlaces() {
    return new MaskedAutoencoder(name, shape, new Filling.Constant(0));
  }

  /** The sizes and choices. */
  public Shape shape() {
    return shape;
  }

  /** Whether a tensor is a table that training must leave alone. */
  public static boolean fixed(String tensor) {
    return tensor.equals("pos_embed") || tensor.equals("decoder_pos_embed");
  }

  /** No specification names it; its own says one output. */
  @Override
  public ModelSpec spec() {
    Image image = shape.image();
    return new ModelSpec(name, image.channels(), image.height(), image.width(), 1, 0);
  }

  @Override
  public ParameterLayout layout() {
    return plan.layout();
  }

  @Override
  public ParameterSource initial(long seed) {
    return plan.initial(seed);
  }

  /** Blocks of encoder and decoder. */
  @Override
  public int depth() {
    return shape.body().depth() + shape.decoder().depth();
  }

  @Override
  public int layer(String tensor) {
    int encoder = shape.body().depth();
    if (tensor.startsWith("decoder_blocks.")) {
      return encoder + VisionTransformer.layer(tensor.substring("decoder_".length()), 0);
    }
    boolean last = tensor.startsWith("decoder_norm.") || tensor.startsWith("decoder_pred.");
    return last ? depth() + 1 : Math.min(VisionTransformer.layer(tensor, encoder), encoder);
  }

  @Override
  public String summary() {
    return "%s: encoder %d wide, %d blocks, decoder %d wide, %d blocks, %d parameters"
        .formatted(
            name,
            shape.body().width(),
            shape.body().depth(),
            shape.decoder().width(),
            shape.decoder().depth(),
            parameters());
  }

  private static Filling table(Image image, int width) {
    return new Filling.Waves(width, image.columns());
  }
}
