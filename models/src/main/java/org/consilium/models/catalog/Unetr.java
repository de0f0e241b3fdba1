package org.consilium.models.catalog;

import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;
import org.consilium.protocol.ModelSpec;

/**
 * UNETR in two dimensions (A. Hatamizadeh et al., "UNETR: Transformers for 3D Medical Image
 * Segmentation", WACV 2022): a vision transformer without class token whose tokens after a quarter,
 * half and three quarters of the blocks and at the end are decoded by convolutions with instance
 * normalisation. One logit map a class.
 *
 * <p>With patches of 16 it is MONAI's UNETR. Patches of 8 leave out one doubling: each stage has
 * half the channels, and the first tokens meet the image's own features at full size and are added.
 */
public final class Unetr implements Architecture {
  private final ModelSpec spec;
  private final Form form;
  private final Blueprint.Plan plan;

  /** Whose names the transformer's tensors have. */
  public enum Names {
    MONAI,
    TIMM
  }

  /**
   * The transformer.
   *
   * @param width of the tokens
   * @param hidden width inside the blocks
   * @param blocks number of blocks, in steps of 4
   * @param heads of the attention
   * @param queryBias whether queries, keys and values have one
   */
  public record Tokens(int width, int hidden, int blocks, int heads, boolean queryBias) {
    public Tokens {
      if (blocks < 4 || blocks % 4 != 0 || heads < 1 || width % heads != 0) {
        throw new IllegalArgumentException(
            "UNETR needs blocks in steps of 4 and a width in steps of its heads, got %d, %d and %d"
                .formatted(blocks, width, heads));
      }
    }
  }

  /**
   * All of it.
   *
   * @param patch edge of the patches in pixels, 8 or 16
   * @param features channels of the full-size maps
   * @param residual whether the decoder's blocks add their input
   */
  public record Form(Tokens tokens, int patch, int features, boolean residual, Names names) {
    public Form {
      if (patch != 8 && patch != 16) {
        throw new IllegalArgumentException("UNETR takes patches of 8 or 16, got " + patch);
      }
    }

    /** How often the tokens' grid is doubled to the image's size. */
    public int doublings() {
      return patch == 16 ? 4 : 3;
    }

    /** Channels of the map that is halved {@code halvings} times. */
    public int width(int halvings) {
      return features << halvings;
    }
  }

  /**
   * A model of any form.
   *
   * @throws IllegalArgumentException if the image's edges are no multiple of the patch
   */
  public Unetr(ModelSpec spec, Form form) {
    if (spec.height() % form.patch() != 0 || spec.width() % form.patch() != 0) {
      throw new IllegalArgumentException(
          "model.height and model.width must be multiples of %d for %s, got %d and %d"
              .formatted(form.patch(), spec.architecture(), spec.height(), spec.width()));
    }
    this.spec = spec;
    this.form = form;
    Blueprint blueprint = new Blueprint();
    ConvolutionTensors tensors = new ConvolutionTensors(blueprint);
    transformer(tensors);
    decoder(tensors);
    this.plan = blueprint.plan();
  }

  private void transformer(ConvolutionTensors tensors) {
    int width = form.tokens().width();
    int places = spec.height() / form.patch() * (spec.width() / form.patch());
    boolean timm = form.names() == Names.TIMM;
    tensors.positions(
        timm ? "vit.pos_embed" : "vit.patch_embedding.position_embeddings", places, width);
    String patches = timm ? "vit.patch_embed.proj" : "vit.patch_embedding.patch_embeddings";
    tensors.convolution(patches, spec.channels(), width, form.patch(), true);
    for (int block = 0; block < form.tokens().blocks(); block++) {
      String name = "vit.blocks." + block + ".";
      tensors.norm(name + "norm1", width);
      tensors.linear(name + "attn.qkv", width, 3 * width, form.tokens().queryBias());
      tensors.linear(name + (timm ? "attn.proj" : "attn.out_proj"), width, width, true);
      tensors.norm(name + "norm2", width);
      int hidden = form.tokens().hidden();
      tensors.linear(name + (timm ? "mlp.fc1" : "mlp.linear1"), width, hidden, true);
      tensors.linear(name + (timm ? "mlp.fc2" : "mlp.linear2"), hidden, width, true);
    }
    tensors.norm("vit.norm", width);
  }

  private void decoder(ConvolutionTensors tensors) {
    int width = form.tokens().width();
    int doublings = form.doublings();
    block("encoder1.layer.", spec.channels(), form.features(), tensors);
    for (int tap = 0; tap < 3; tap++) {
      String name = "encoder" + (tap + 2) + ".";
      int to = form.width(doublings - 3 + tap);
      tensors.transposed(name + "transp_conv_init.conv", width, to, 2, false);
      for (int more = 0; more < 2 - tap; more++) {
        tensors.transposed(name + "blocks.%d.0.conv".formatted(more), to, to, 2, false);
        block(name + "blocks.%d.1.".formatted(more), to, to, tensors);
      }
    }
    for (int halvings = doublings - 1; halvings >= 0; halvings--) {
      String name = "decoder" + (halvings + 2) + ".";
      int from = halvings == doublings - 1 ? width : form.width(halvings + 1);
      int to = form.width(halvings);
      tensors.transposed(name + "transp_conv.conv", from, to, 2, false);
      block(name + "conv_block.", 2 * to, to, tensors);
    }
    tensors.convolution("out.conv.conv", form.features(), spec.classes(), 1, true);
  }

  private void block(String name, int from, int to, ConvolutionTensors tensors) {
    tensors.convolution(name + "conv1.conv", from, to, 3, false);
    tensors.convolution(name + "conv2.conv", to, to, 3, false);
    if (form.residual() && from != to) {
      tensors.convolution(name + "conv3.conv", from, to, 1, false);
    }
  }

  @Override
  public ModelSpec spec() {
    return spec;
  }

  /** All of its sizes. */
  public Form form() {
    return form;
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
    return form.tokens().blocks();
  }

  @Override
  public int layer(String tensor) {
    if (tensor.startsWith("vit.blocks.")) {
      return Integer.parseInt(tensor.split("\\.", -1)[2]) + 1;
    }
    boolean embedding = tensor.startsWith("vit.patch") || tensor.equals("vit.pos_embed");
    return embedding ? 0 : depth() + 1;
  }

  @Override
  public String summary() {
    return "%s: width %d, %d blocks, %d heads, patch %d, %d parameters, input %dx%dx%d, %d map(s)"
        .formatted(
            spec.architecture(),
            form.tokens().width(),
            form.tokens().blocks(),
            form.tokens().heads(),
            form.patch(),
            parameters(),
            spec.channels(),
            spec.height(),
            spec.width(),
            spec.classes());
  }
}
