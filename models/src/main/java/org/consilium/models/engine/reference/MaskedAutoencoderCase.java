package org.consilium.models.engine.reference;

import ai.djl.ndarray.NDArray;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.consilium.models.arch.MaskedAutoencoderNetwork;
import org.consilium.models.arch.Weights;
import org.consilium.models.catalog.MaskedAutoencoder;
import org.consilium.models.catalog.MaskedAutoencoder.Decoder;
import org.consilium.models.catalog.MaskedAutoencoder.Shape;
import org.consilium.models.catalog.VisionTransformer.Body;
import org.consilium.models.catalog.VisionTransformer.Image;
import org.consilium.models.catalog.VisionTransformer.Variant;
import org.consilium.models.engine.SlopeTraining;
import org.consilium.models.task.MaskedPixels;
import org.consilium.models.task.PatchMask;

/** The masked autoencoder: a forward pass on given noise, the loss, and its gradient. */
final class MaskedAutoencoderCase implements ReferenceCase {
  private static final Set<String> KNOWN =
      Set.of(
          "img_size",
          "patch_size",
          "in_chans",
          "embed_dim",
          "depth",
          "num_heads",
          "decoder_embed_dim",
          "decoder_depth",
          "decoder_num_heads",
          "mlp_ratio",
          "norm_pix_loss");

  @Override
  public boolean fits(Workbench bench) {
    return bench.values().text("reference", "").startsWith("facebookresearch/mae");
  }

  @Override
  public void run(Workbench bench) throws IOException {
    Arguments arguments = bench.arguments();
    arguments.requireOnly(KNOWN);
    MaskedAutoencoder model = model(bench.values(), arguments);
    Image image = model.shape().image();
    MaskedPixels pixels =
        new MaskedPixels(
            image.channels(),
            image.height(),
            image.width(),
            image.patch(),
            arguments.flag("norm_pix_loss", false)
                ? MaskedPixels.Target.NORMALISED
                : MaskedPixels.Target.PIXELS);
    Map<String, NDArray> arrays = bench.arrays("weights.safetensors");
    Weights weights = bench.weights(model.layout(), arrays);
    Map<String, NDArray> recorded = bench.arrays("io.safetensors");
    NDArray images = bench.required(recorded, "input");
    PatchMask mask = mask(bench, recorded, image.patches());
    Map<String, NDArray> trained = new LinkedHashMap<>(arrays);
    trained.keySet().removeIf(MaskedAutoencoder::fixed);
    try (SlopeTraining training = SlopeTraining.of(trained)) {
      NDArray predicted =
          new MaskedAutoencoderNetwork(model)
              .predict(images, mask, weights, bench.against(recorded));
      bench.compare("pred", predicted, bench.required(recorded, "pred"));
      MaskedPixels.Judged judged =
          pixels.judge(predicted.toFloatArray(), images.toFloatArray(), mask);
      bench.compare("loss", judged.loss(), bench.values().real("loss", Double.NaN));
      training.backward(predicted, judged.slope());
      gradients(bench, training);
    }
    target(bench, recorded, pixels, images);
    bench.requireCompared(recorded.keySet(), "input", "noise");
  }

  private static MaskedAutoencoder model(Arguments config, Arguments arguments) {
    int[] size = arguments.size("img_size", 224);
    double ratio = arguments.real("mlp_ratio", 4);
    Shape shape =
        new Shape(
            new Image(
                arguments.whole("in_chans", 3),
                size[0],
                size[1],
                arguments.whole("patch_size", 16)),
            Body.of(
                arguments.whole("embed_dim", 1024),
                arguments.whole("depth", 24),
                arguments.whole("num_heads", 16),
                ratio),
            ratio,
            new Decoder(
                arguments.whole("decoder_embed_dim", 512),
                arguments.whole("decoder_depth", 8),
                arguments.whole("decoder_num_heads", 16)),
            Variant.PLAIN.epsilon((float) config.real("layer_norm_eps", 1e-6)));
    return MaskedAutoencoder.of("mae", shape);
  }

  /** The mask of the recorded noise, itself compared. */
  private static PatchMask mask(Workbench bench, Map<String, NDArray> recorded, int patches) {
    Arguments config = bench.values();
    int kept = config.whole("len_keep", PatchMask.kept(patches, config.real("mask_ratio", 0.75)));
    NDArray noise = bench.required(recorded, "noise");
    PatchMask mask = PatchMask.of(noise.toFloatArray(), patches, kept);
    float[] hidden = new float[mask.images() * patches];
    float[] restore = new float[hidden.length];
    long[] places = mask.restore();
    for (int i = 0; i < hidden.length; i++) {
      hidden[i] = mask.hidden(i / patches, i % patches) ? 1 : 0;
      restore[i] = places[i];
    }
    bench.compare("mask", hidden, bench.required(recorded, "mask").toFloatArray(), 0);
    bench.compare(
        "ids_restore", restore, bench.required(recorded, "ids_restore").toFloatArray(), 0);
    return mask;
  }

  private static void target(
      Workbench bench, Map<String, NDArray> recorded, MaskedPixels pixels, NDArray images) {
    int count = (int) images.getShape().get(0);
    double[] target = pixels.wanted(images.toFloatArray(), count);
    float[] ours = new float[target.length];
    for (int i = 0; i < ours.length; i++) {
      ours[i] = (float) target[i];
    }
    float[] expected = bench.required(recorded, "target").toFloatArray();
    bench.compare("target", ours, expected, bench.tolerance());
  }

  private static void gradients(Workbench bench, SlopeTraining training) throws IOException {
    for (Map.Entry<String, NDArray> each : bench.arrays("grads.safetensors").entrySet()) {
      bench.compare(
          "grad." + each.getKey(),
          training.gradient(each.getKey()),
          each.getValue().toFloatArray(),
          bench.tolerance());
    }
  }
}
