package org.consilium.models.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.util.List;
import org.consilium.models.arch.DualEncoderNetwork;
import org.consilium.models.arch.Trace;
import org.consilium.models.catalog.DualEncoder;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.LabelledTexts;
import org.consilium.models.params.TensorSpec;
import org.consilium.models.text.Vocabulary;

/**
 * A dual encoder at work: images and texts as unit vectors of one space, trained on pairs, and
 * asked without any trained head (A. Radford et al. 2021, section 3.1).
 */
public final class ImageText {
  private final LocalModel model;
  private final DualEncoderNetwork network;
  private final int context;
  private final TensorStorage scale;
  private final Vocabulary vocabulary = Vocabulary.bundled();

  private ImageText(LocalModel model, DualEncoderNetwork network, DualEncoder architecture) {
    this.model = model;
    this.network = network;
    this.context = architecture.shape().text().context();
    List<TensorSpec> tensors = model.layout().tensors();
    int place = 0;
    while (!tensors.get(place).name().equals("logit_scale")) {
      place++;
    }
    this.scale = model.storage(place);
  }

  /**
   * A model at work on texts.
   *
   * @throws IllegalArgumentException if it has no text tower over the bundled vocabulary
   */
  public static ImageText of(LocalModel model) {
    if (!(model.architecture() instanceof DualEncoder architecture)
        || !(model.network() instanceof DualEncoderNetwork network)
        || architecture.shape().text().words() != Vocabulary.SIZE) {
      throw new IllegalArgumentException(
          "image and text: %s has no text tower of %d words"
              .formatted(model.architecture().spec().architecture(), Vocabulary.SIZE));
    }
    return new ImageText(model, network, architecture);
  }

  /**
   * One round's training, as {@link LocalModel#train}.
   *
   * @throws IllegalArgumentException if images or model do not fit
   */
  public static TrainingOutcome train(LocalModel model, LabelledTexts cases, TrainingRun run)
      throws IOException {
    Inputs.requireSome(cases.images(), model.architecture().spec());
    return model.train(on -> new ImageTextObjective(on, cases, run), run);
  }

  /**
   * What the model says of images without ever having been shown a label: the multiplied
   * similarities of each with a prompt a label. Of two labels and one output, the second is the
   * finding, and the prompts are "{finding}" and "no {finding}": one logit, the difference, whose
   * logistic function is the softmax over the two.
   *
   * @return logits as {@link LocalModel#predict} has them, for as many outputs as the model's
   *     specification
   */
  public double[] zeroShot(ImageSet images, Preprocessing preprocessing, List<String> labels)
      throws EngineUnavailable {
    boolean two = model.architecture().spec().classes() == 1;
    List<String> prompts = two ? prompts(labels) : labels;
    float[] seen = images(images, preprocessing);
    float[] said = texts(prompts);
    int width = said.length / prompts.size();
    double multiplier = multiplier();
    int outputs = two ? 1 : prompts.size();
    double[] logits = new double[images.count() * outputs];
    for (int i = 0; i < images.count(); i++) {
      double[] similar = new double[prompts.size()];
      for (int k = 0; k < similar.length; k++) {
        for (int d = 0; d < width; d++) {
          similar[k] += (double) seen[i * width + d] * said[k * width + d];
        }
        if (!two) {
          logits[i * outputs + k] = multiplier * similar[k];
        }
      }
      if (two) {
        logits[i] = multiplier * (similar[1] - similar[0]);
      }
    }
    return logits;
  }

  /** The prompts of a yes/no question, the negative one first. */
  public static List<String> prompts(List<String> labels) {
    return List.of("no " + labels.getLast(), labels.getLast());
  }

  /** Unit vectors of images, [count, width] row-major. */
  public float[] images(ImageSet images, Preprocessing preprocessing) throws EngineUnavailable {
    Inputs.requireShape(images, model.architecture().spec());
    return new Inference(model).run(images, preprocessing, this::images);
  }

  /** Unit vectors of texts, [count, width] row-major. */
  public float[] texts(List<String> texts) {
    try (NDManager scope = model.manager().newSubManager()) {
      return texts(scope, texts).toFloatArray();
    }
  }

  NDArray images(NDArray batch) {
    return DualEncoderNetwork.normalised(network.embed(batch, model.weights(), Trace.NONE));
  }

  NDArray texts(NDManager scope, List<String> texts) {
    long[] tokens = vocabulary.tokens(texts, context);
    return DualEncoderNetwork.normalised(
        network.embedTexts(tokens, scope, model.weights(), Trace.NONE));
  }

  /** ln of the multiplier, as a step's own array: a parameter on the left would keep the result. */
  NDArray logarithm(NDManager scope) {
    NDArray zero = scope.zeros(new ai.djl.ndarray.types.Shape(1));
    return zero.add(model.weights().get("logit_scale"));
  }

  TensorStorage scale() {
    return scale;
  }

  private double multiplier() {
    float[] value = new float[1];
    scale.read(0, value, 0, 1);
    return StrictMath.exp(value[0]);
  }
}
