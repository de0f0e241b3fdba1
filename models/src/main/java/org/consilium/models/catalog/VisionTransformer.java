package org.consilium.models.catalog;

import java.util.OptionalDouble;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;
import org.consilium.protocol.ModelSpec;

/**
 * A vision transformer (A. Dosovitskiy et al., "An Image is Worth 16x16 Words", ICLR 2021) and its
 * variants: LayerScale (H. Touvron et al. 2021), registers (T. Darcet et al. 2024), gated MLP (N.
 * Shazeer 2020), the image tower of CLIP (A. Radford et al. 2021), the average pool of MAE's
 * fine-tuning (K. He et al. 2022). Tensor names, order and starting values are timm's.
 */
public final class VisionTransformer implements Architecture {
  /** What the MLP does between its two layers. */
  public enum Activation {
    /** With the exact error function. */
    GELU,
    /** x·σ(1.702x). */
    QUICK_GELU,
    /** x·σ(x). */
    SILU
  }

  /** What comes in, pixels; the patches tile the image. */
  public record Image(int channels, int height, int width, int patch) {
    public Image {
      if (channels < 1 || patch < 1 || height < patch || width < patch) {
        throw new IllegalArgumentException(
            "vision transformer: channels and patch must be positive and the image at least a"
                + " patch, got %dx%dx%d, patch %d".formatted(channels, height, width, patch));
      }
      if (height % patch != 0 || width % patch != 0) {
        throw new IllegalArgumentException(
            "model.height and model.width must be multiples of the patch, %d pixels, got %dx%d"
                .formatted(patch, height, width));
      }
    }

    /** Rows of patches. */
    public int rows() {
      return height / patch;
    }

    /** Columns of patches. */
    public int columns() {
      return width / patch;
    }

    /** Number of patches. */
    public int patches() {
      return Math.multiplyExact(rows(), columns());
    }
  }

  /**
   * The stack of blocks.
   *
   * @param width values a token
   * @param hidden outputs of the MLP's first layer; a gated MLP's second layer takes half of them
   */
  public record Body(int width, int depth, int heads, int hidden) {
    public Body {
      if (width < 1 || depth < 1 || heads < 1 || hidden < 1 || width % heads != 0) {
        throw new IllegalArgumentException(
            "vision transformer: all sizes must be positive and the width a multiple of the heads,"
                + " got width %d, depth %d, heads %d, hidden %d"
                    .formatted(width, depth, heads, hidden));
      }
    }

    /** An MLP {@code ratio} times as wide as the tokens, rounded down. */
    public static Body of(int width, int depth, int heads, double ratio) {
      return new Body(width, depth, heads, (int) (width * ratio));
    }
  }

  /**
   * Which tokens there are, and which of them the head sees.
   *
   * @param classToken whether a class token comes first
   * @param registers register tokens after it
   * @param prefixPlaced whether class token and registers have rows in the position table
   * @param averaged whether the head sees the mean of the patches instead of the class token
   * @param pooledNorm whether the last normalisation follows the pooling ({@code fc_norm})
   */
  public record Tokens(
      boolean classToken,
      int registers,
      boolean prefixPlaced,
      boolean averaged,
      boolean pooledNorm) {
    /** The class token is judged. */
    public static final Tokens CLASS = new Tokens(true, 0, true, false, false);

    /** The patches' mean is judged; the class token takes part. */
    public static final Tokens AVERAGE = new Tokens(true, 0, true, true, true);

    public Tokens {
      if (registers < 0 || (!classToken && !averaged)) {
        throw new IllegalArgumentException(
            "vision transformer: without a class token the patches must be averaged");
      }
    }

    /** Tokens before the patches. */
    public int prefix() {
      return (classToken ? 1 : 0) + registers;
    }
  }

  /**
   * Choices inside a block.
   *
   * @param layerScale starting value of LayerScale; empty if there is none
   * @param preNorm a normalisation before the first block, and no bias in the patch embedding
   * @param gated the MLP's first half goes through the activation and multiplies the second
   * @param epsilon of every layer normalisation
   */
  public record Variant(
      boolean qkvBias,
      OptionalDouble layerScale,
      boolean preNorm,
      Activation activation,
      boolean gated,
      float epsilon) {
    /** The original. */
    public static final Variant PLAIN =
        new Variant(true, OptionalDouble.empty(), false, Activation.GELU, false, 1e-6f);

    /** The same with LayerScale from {@code start} on. */
    public Variant scaled(double start) {
      return new Variant(qkvBias, OptionalDouble.of(start), preNorm, activation, gated, epsilon);
    }

    /** The same with another epsilon. */
    public Variant epsilon(float other) {
      return new Variant(qkvBias, layerScale, preNorm, activation, gated, other);
    }
  }

  /**
   * Everything that decides the tensors.
   *
   * @param classes outputs of the head; 0 for none: the model gives what the head would see
   */
  public record Shape(Image image, Body body, Tokens tokens, Variant variant, int classes) {
    public Shape {
      if (classes < 0) {
        throw new IllegalArgumentException("vision transformer: classes must not be negative");
      }
      if (variant.gated() && body.hidden() % 2 != 0) {
        throw new IllegalArgumentException(
            "vision transformer: a gated MLP needs an even width, got " + body.hidden());
      }
    }

    /** Rows of the position table. */
    public int places() {
      return image.patches() + (tokens.prefixPlaced() ? tokens.prefix() : 0);
    }
  }

  private final String name;
  private final Shape shape;
  private final Blueprint.Plan plan;

  private VisionTransformer(String name, Shape shape) {
    this.name = name;
    this.shape = shape;
    Image image = shape.image();
    int width = shape.body().width();
    Filling nearZero = new Filling.Normal(1e-6);
    TransformerTensors tensors = new TransformerTensors(TransformerTensors.TIMM);
    Blueprint to = tensors.blueprint();
    if (shape.tokens().classToken()) {
      to.add("cls_token", nearZero, 1, 1, width);
    }
    if (shape.tokens().registers() > 0) {
      to.add("reg_token", nearZero, 1, shape.tokens().registers(), width);
    }
    to.add("pos_embed", new Filling.Normal(TransformerTensors.DEVIATION), 1, shape.places(), width);
    // The framework's own start for convolutions, which timm leaves alone.
    int fanIn = image.channels() * image.patch() * image.patch();
    Filling patch = new Filling.Uniform(1 / Math.sqrt(fanIn));
    to.add("patch_embed.proj.weight", patch, width, image.channels(), image.patch(), image.patch());
    if (!shape.variant().preNorm()) {
      to.add("patch_embed.proj.bias", patch, width);
    } else {
      tensors.norm("norm_pre", width);
    }
    for (int block = 0; block < shape.body().depth(); block++) {
      tensors.block("blocks." + block + ".", shape.body(), shape.variant());
    }
    tensors.norm(shape.tokens().pooledNorm() ? "fc_norm" : "norm", width);
    if (shape.classes() > 0) {
      tensors.linear("head", shape.classes(), width, true);
    }
    this.plan = to.plan();
  }

  /** A transformer of this shape. */
  public static VisionTransformer of(String name, Shape shape) {
    return new VisionTransformer(name, shape);
  }

  /** The sizes and choices. */
  public Shape shape() {
    return shape;
  }

  /**
   * What was asked for. A model without a head is none that a specification names; its own says one
   * output.
   */
  @Override
  public ModelSpec spec() {
    Image image = shape.image();
    return new ModelSpec(
        name, image.channels(), image.height(), image.width(), Math.max(1, shape.classes()), 0);
  }

  @Override
  public ParameterLayout layout() {
    return plan.layout();
  }

  @Override
  public ParameterSource initial(long seed) {
    return plan.initial(seed);
  }

  @Override
  public int depth() {
    return shape.body().depth();
  }

  @Override
  public int layer(String tensor) {
    return layer(tensor, depth());
  }

  @Override
  public String summary() {
    Image image = shape.image();
    Body body = shape.body();
    return "%s: width %d, %d blocks, %d heads, patch %d, %d parameters, input %dx%dx%d, %d output(s)"
        .formatted(
            name,
            body.width(),
            body.depth(),
            body.heads(),
            image.patch(),
            parameters(),
            image.channels(),
            image.height(),
            image.width(),
            shape.classes());
  }

  /** The same of any model whose tensors have these names. */
  static int layer(String tensor, int depth) {
    if (tensor.startsWith("blocks.")) {
      int from = "blocks.".length();
      return 1 + Integer.parseInt(tensor.substring(from, tensor.indexOf('.', from)));
    }
    boolean last =
        tensor.startsWith("norm.") || tensor.startsWith("fc_norm.") || tensor.startsWith("head.");
    return last ? depth + 1 : 0;
  }
}
