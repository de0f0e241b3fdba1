package org.consilium.models.catalog;

import java.util.Optional;
import org.consilium.models.catalog.VisionTransformer.Activation;
import org.consilium.models.catalog.VisionTransformer.Body;
import org.consilium.models.catalog.VisionTransformer.Image;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.TensorSpec;
import org.consilium.protocol.ModelSpec;

/**
 * An image tower and a text tower that meet in one space (A. Radford et al., "Learning Transferable
 * Visual Models From Natural Language Supervision", ICML 2021). Tensor names, order and starting
 * values are those of OpenAI's and open_clip's models; a residual image tower in place of the
 * transformer has its own under {@code visual.}.
 */
public final class DualEncoder implements Architecture {
  /** Starting value of the logarithm of the similarities' multiplier: ln(1 / 0.07). */
  public static final double LOGIT_SCALE = 2.659260036932778;

  /** Its bounds while training, ln 1 to ln 100. */
  public static final double LOGIT_SCALE_MAX = 4.605170185988092;

  /**
   * The text tower.
   *
   * @param context tokens of a text, padded
   * @param words size of the vocabulary; its largest id ends a text
   */
  public record Text(int context, int words, Body body) {
    public Text {
      if (context < 2 || words < 2) {
        throw new IllegalArgumentException(
            "dual encoder: context and vocabulary must be at least 2, got %d and %d"
                .formatted(context, words));
      }
    }
  }

  /**
   * Everything that decides the tensors.
   *
   * @param body of the image tower; of a residual one width and depth alone
   * @param width of the common space
   */
  public record Shape(
      Image image, Body body, Text text, int width, boolean quickGelu, float epsilon) {
    /** Between the two layers of every MLP. */
    public Activation activation() {
      return quickGelu ? Activation.QUICK_GELU : Activation.GELU;
    }
  }

  private static final String VISUAL = "visual.";

  private final ModelSpec spec;
  private final Shape shape;
  private final Optional<ResNetGn> residual;
  private final Blueprint.Plan plan;

  private DualEncoder(ModelSpec spec, Shape shape, Optional<ResNetGn> residual) {
    this.spec = spec;
    this.shape = shape;
    this.residual = residual;
    int narrow = shape.text().body().width();
    Blueprint to = new Blueprint();
    to.add("positional_embedding", new Filling.Normal(0.01), shape.text().context(), narrow);
    to.add("text_projection", new Filling.Normal(1 / Math.sqrt(narrow)), narrow, shape.width());
    to.add("logit_scale", new Filling.Constant((float) LOGIT_SCALE));
    if (residual.isPresent()) {
      residualTower(to, residual.get());
    } else {
      transformerTower(to);
    }
    blocks(to, "transformer.resblocks.", shape.text().body());
    to.add("token_embedding.weight", new Filling.Normal(0.02), shape.text().words(), narrow);
    norm(to, "ln_final", narrow);
    this.plan = to.plan();
  }

  private void transformerTower(Blueprint to) {
    Image image = shape.image();
    int wide = shape.body().width();
    Filling spread = new Filling.Normal(1 / Math.sqrt(wide));
    to.add("visual.class_embedding", spread, wide);
    to.add("visual.positional_embedding", spread, image.patches() + 1, wide);
    to.add("visual.proj", spread, wide, shape.width());
    int fanIn = image.channels() * image.patch() * image.patch();
    to.add(
        "visual.conv1.weight",
        new Filling.Uniform(1 / Math.sqrt(fanIn)),
        wide,
        image.channels(),
        image.patch(),
        image.patch());
    norm(to, "visual.ln_pre", wide);
    blocks(to, "visual.transformer.resblocks.", shape.body());
    norm(to, "visual.ln_post", wide);
  }

  private void residualTower(Blueprint to, ResNetGn tower) {
    int wide = shape.body().width();
    to.add("visual.proj", new Filling.Normal(1 / Math.sqrt(wide)), wide, shape.width());
    for (int i = 0; i < tower.plan().fillings().size(); i++) {
      TensorSpec tensor = tower.plan().layout().tensors().get(i);
      if (!tensor.name().startsWith("fc.")) {
        int[] sizes = tensor.shape().stream().mapToInt(Integer::intValue).toArray();
        to.add(VISUAL + tensor.name(), tower.plan().fillings().get(i), sizes);
      }
    }
  }

  /** A dual encoder of this shape. */
  public static DualEncoder of(String name, Shape shape) {
    Image image = shape.image();
    ModelSpec spec =
        new ModelSpec(name, image.channels(), image.height(), image.width(), shape.width(), 0);
    return new DualEncoder(spec, shape, Optional.empty());
  }

  /** The one that a specification names. */
  static DualEncoder of(ModelSpec spec, Shape shape, Optional<ResNetGn> residual) {
    return new DualEncoder(spec, shape, residual);
  }

  /** The image tower, if it is no transformer. */
  public Optional<ResNetGn> residual() {
    return residual;
  }

  /** The sizes and choices. */
  public Shape shape() {
    return shape;
  }

  /** Without a name in the catalogue, one output for each value of the common space. */
  @Override
  public ModelSpec spec() {
    return spec;
  }

  @Override
  public ParameterLayout layout() {
    return plan.layout();
  }

  @Override
  public ParameterSource initial(long seed) {
    return plan.initial(seed);
  }

  /** Blocks of the deeper tower. */
  @Override
  public int depth() {
    return Math.max(shape.body().depth(), shape.text().body().depth());
  }

  @Override
  public int layer(String tensor) {
    boolean convolved = residual.isPresent() && tensor.startsWith(VISUAL);
    if (convolved && !tensor.equals("visual.proj")) {
      return residual.get().layer(tensor.substring(VISUAL.length()));
    }
    int at = tensor.indexOf("resblocks.");
    if (at >= 0) {
      int from = at + "resblocks.".length();
      return 1 + Integer.parseInt(tensor.substring(from, tensor.indexOf('.', from)));
    }
    boolean last =
        tensor.startsWith("visual.ln_post")
            || tensor.startsWith("ln_final")
            || tensor.equals("visual.proj")
            || tensor.equals("text_projection")
            || tensor.equals("logit_scale");
    return last ? depth() + 1 : 0;
  }

  @Override
  public String summary() {
    return "%s: images %d wide, %d blocks, texts %d wide, %d blocks, common width %d, %d parameters"
        .formatted(
            spec.architecture(),
            shape.body().width(),
            shape.body().depth(),
            shape.text().body().width(),
            shape.text().body().depth(),
            shape.width(),
            parameters());
  }

  private static void blocks(Blueprint to, String prefix, Body body) {
    // open_clip: deviations by width and depth, so that the residual stream keeps its size.
    double deep = Math.pow(body.width(), -0.5) * Math.pow(2 * body.depth(), -0.5);
    Filling out = new Filling.Normal(deep);
    Filling in = new Filling.Normal(Math.pow(body.width(), -0.5));
    Filling wide = new Filling.Normal(Math.pow(2 * body.width(), -0.5));
    Filling zero = new Filling.Constant(0);
    int width = body.width();
    for (int block = 0; block < body.depth(); block++) {
      String at = prefix + block + ".";
      norm(to, at + "ln_1", width);
      to.add(at + "attn.in_proj_weight", in, 3 * width, width);
      to.add(at + "attn.in_proj_bias", zero, 3 * width);
      to.add(at + "attn.out_proj.weight", out, width, width);
      to.add(at + "attn.out_proj.bias", zero, width);
      norm(to, at + "ln_2", width);
      to.add(at + "mlp.c_fc.weight", wide, body.hidden(), width);
      to.add(at + "mlp.c_fc.bias", zero, body.hidden());
      to.add(at + "mlp.c_proj.weight", out, width, body.hidden());
      to.add(at + "mlp.c_proj.bias", zero, width);
    }
  }

  private static void norm(Blueprint to, String name, int width) {
    to.add(name + ".weight", new Filling.Constant(1), width);
    to.add(name + ".bias", new Filling.Constant(0), width);
  }
}
