package org.consilium.models.engine.reference;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.consilium.models.arch.Network;
import org.consilium.models.arch.Weights;
import org.consilium.models.catalog.Architecture;
import org.consilium.models.catalog.BasicUNet;
import org.consilium.models.catalog.ResidualUNet;
import org.consilium.models.catalog.Unetr;
import org.consilium.models.task.SegmentationLoss;
import org.consilium.protocol.ModelSpec;

/** MONAI's segmentation networks in two dimensions, and the values of its losses on them. */
final class SegmentationCase implements ReferenceCase {
  private static final Map<String, SegmentationLoss> LOSSES =
      Map.of(
          "dice_loss_softmax", SegmentationLoss.DICE,
          "dice_loss_softmax_squared_pred", SegmentationLoss.DICE_SQUARED,
          "dice_ce_loss_softmax", SegmentationLoss.DICE_CE);

  private static final Set<String> UNUSED_TOKENS = Set.of("cross_attn", "norm_cross_attn");

  @Override
  public boolean fits(Workbench bench) {
    return reference(bench).startsWith("MONAI");
  }

  @Override
  public void run(Workbench bench) throws IOException {
    Map<String, NDArray> recorded = bench.arrays("io.safetensors");
    NDArray images = bench.required(recorded, "input");
    Architecture model = model(bench, images.getShape());
    Map<String, NDArray> arrays = new LinkedHashMap<>(bench.arrays("weights.safetensors"));
    // MONAI's blocks carry a cross attention that this network never calls.
    arrays
        .keySet()
        .removeIf(name -> List.of(name.split("\\.")).stream().anyMatch(UNUSED_TOKENS::contains));
    Weights weights = bench.weights(model.layout(), arrays);
    NDArray logits =
        Network.of(model, bench.manager()).logits(images, weights, bench.against(recorded));
    bench.requireCompared(recorded.keySet(), "input", "labels");
    losses(bench, logits, bench.required(recorded, "labels").toFloatArray());
  }

  private static void losses(Workbench bench, NDArray logits, float[] labels) {
    Shape size = logits.getShape();
    SegmentationLoss.Maps maps =
        new SegmentationLoss.Maps(
            (int) size.get(0), (int) size.get(1), (int) (size.get(2) * size.get(3)));
    int[] classes = new int[labels.length];
    for (int i = 0; i < classes.length; i++) {
      classes[i] = (int) labels[i];
    }
    float[] values = logits.toFloatArray();
    LOSSES.forEach(
        (name, loss) -> {
          if (bench.values().has(name)) {
            double sum = loss.sum(values, classes, new float[values.length], maps, maps.examples());
            double expected = bench.values().real(name, Double.NaN);
            bench.compare(name, sum / maps.examples(), expected, bench.tolerance());
          }
        });
  }

  private static String reference(Workbench bench) {
    return bench.values().text("reference", "");
  }

  private static Architecture model(Workbench bench, Shape size) {
    Arguments arguments = bench.arguments();
    if (arguments.whole("spatial_dims", 3) != 2) {
      throw new IllegalArgumentException("argument spatial_dims: only 2 is known here");
    }
    int channels = arguments.whole("in_channels", 1);
    int maps = arguments.whole("out_channels", 2);
    ModelSpec spec = TimmConvNeXt.spec("segmentation", channels, size, maps);
    String reference = reference(bench);
    if (reference.contains("BasicUNet")) {
      arguments.requireOnly(
          Set.of("spatial_dims", "in_channels", "out_channels", "features", "dropout"));
      List<Integer> features = List.of(32, 32, 64, 128, 256, 32);
      return new BasicUNet(
          spec, new BasicUNet.Form(TimmConvNeXt.wholes(arguments, "features", features), 0));
    }
    return reference.contains("UNETR")
        ? new Unetr(spec, unetr(arguments))
        : new ResidualUNet(spec, residual(arguments));
  }

  private static ResidualUNet.Form residual(Arguments arguments) {
    arguments.requireOnly(
        Set.of(
            "spatial_dims",
            "in_channels",
            "out_channels",
            "channels",
            "strides",
            "kernel_size",
            "up_kernel_size",
            "num_res_units",
            "norm",
            "dropout"));
    requireInstanceNorm(arguments.text("norm", "instance"));
    return new ResidualUNet.Form(
        TimmConvNeXt.wholes(arguments, "channels", List.of()),
        TimmConvNeXt.wholes(arguments, "strides", List.of()),
        arguments.whole("num_res_units", 0),
        arguments.whole("kernel_size", 3),
        arguments.whole("up_kernel_size", 3));
  }

  private static Unetr.Form unetr(Arguments arguments) {
    arguments.requireOnly(
        Set.of(
            "spatial_dims",
            "in_channels",
            "out_channels",
            "img_size",
            "feature_size",
            "hidden_size",
            "mlp_dim",
            "num_heads",
            "proj_type",
            "norm_name",
            "res_block",
            "qkv_bias",
            "dropout_rate"));
    requireInstanceNorm(arguments.text("norm_name", "instance"));
    if (!arguments.text("proj_type", "conv").equals("conv")) {
      throw new IllegalArgumentException("argument proj_type: only conv is known here");
    }
    Unetr.Tokens tokens =
        new Unetr.Tokens(
            arguments.whole("hidden_size", 768),
            arguments.whole("mlp_dim", 3072),
            12,
            arguments.whole("num_heads", 12),
            arguments.flag("qkv_bias", false));
    return new Unetr.Form(
        tokens,
        16,
        arguments.whole("feature_size", 16),
        arguments.flag("res_block", true),
        Unetr.Names.MONAI);
  }

  private static void requireInstanceNorm(String norm) {
    if (!norm.toLowerCase(Locale.ROOT).equals("instance")) {
      throw new IllegalArgumentException("normalisation: only instance is known, got " + norm);
    }
  }
}
