package org.consilium.models.engine.reference;

import ai.djl.ndarray.NDArray;
import java.io.IOException;
import java.util.Map;
import org.consilium.models.arch.DualEncoderNetwork;
import org.consilium.models.arch.Weights;
import org.consilium.models.catalog.DualEncoder;
import org.consilium.models.catalog.DualEncoder.Shape;
import org.consilium.models.catalog.DualEncoder.Text;
import org.consilium.models.catalog.VisionTransformer.Body;
import org.consilium.models.catalog.VisionTransformer.Image;
import org.consilium.models.task.ContrastiveLoss;

/** open_clip's dual encoder: both towers, the similarities and the loss. */
final class DualEncoderCase implements ReferenceCase {
  @Override
  public boolean fits(Workbench bench) {
    Arguments config = bench.values();
    return config.text("reference", "").startsWith("open_clip")
        && config.has("vision")
        && config.has("text");
  }

  @Override
  public void run(Workbench bench) throws IOException {
    DualEncoder model = DualEncoder.of("clip", shape(bench.values()));
    Map<String, NDArray> arrays = bench.arrays("weights.safetensors");
    Weights weights = bench.weights(model.layout(), arrays);
    Map<String, NDArray> recorded = bench.arrays("io.safetensors");
    DualEncoderNetwork network = new DualEncoderNetwork(model, bench.manager());
    float[] read = bench.required(recorded, "tokens").toFloatArray();
    long[] tokens = new long[read.length];
    for (int i = 0; i < read.length; i++) {
      tokens[i] = (long) read[i];
    }
    NDArray pixels = bench.required(recorded, "images");

    NDArray images =
        DualEncoderNetwork.normalised(network.embed(pixels, weights, bench.against(recorded)));
    NDArray texts =
        DualEncoderNetwork.normalised(
            network.embedTexts(tokens, bench.manager(), weights, bench.against(recorded)));
    double scale = Math.exp(weights.get("logit_scale").toFloatArray()[0]);
    NDArray logits = images.matMul(texts.transpose()).mul(scale);

    bench.compare("image_features", images, bench.required(recorded, "image_features"));
    bench.compare("text_features", texts, bench.required(recorded, "text_features"));
    bench.compare("logits_per_image", logits, bench.required(recorded, "logits_per_image"));
    bench.compare("logit_scale_exp", scale, bench.values().real("logit_scale_exp", Double.NaN));
    int rows = (int) images.getShape().get(0);
    ContrastiveLoss.Pairs pairs = new ContrastiveLoss.Pairs(doubles(images), doubles(texts), rows);
    double loss = ContrastiveLoss.clip(pairs, scale).loss();
    bench.compare("loss", loss, bench.values().real("loss", Double.NaN));
    bench.requireCompared(recorded.keySet(), "images", "tokens");
  }

  private static Shape shape(Arguments config) {
    Arguments vision = config.part("vision");
    Arguments text = config.part("text");
    int[] size = vision.size("image_size", 224);
    int wide = vision.whole("width", 768);
    Image image = new Image(3, size[0], size[1], vision.whole("patch_size", 16));
    Body body =
        Body.of(
            wide,
            vision.whole("layers", 12),
            wide / vision.whole("head_width", 64),
            vision.real("mlp_ratio", 4));
    Body words =
        Body.of(
            text.whole("width", 512),
            text.whole("layers", 12),
            text.whole("heads", 8),
            text.real("mlp_ratio", 4));
    return new Shape(
        image,
        body,
        new Text(text.whole("context_length", 77), text.whole("vocab_size", 49408), words),
        config.whole("embed_dim", 512),
        config.flag("quick_gelu", false),
        (float) config.real("layer_norm_eps", 1e-5));
  }

  private static double[] doubles(NDArray array) {
    float[] values = array.toFloatArray();
    double[] doubles = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      doubles[i] = values[i];
    }
    return doubles;
  }
}
