package org.consilium.models.engine.reference;

import com.google.gson.JsonElement;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.models.task.ContrastiveLoss;

/** The contrastive losses by themselves, in double precision. */
final class ContrastiveLossCase implements ReferenceCase {
  private static final double SIGLIP_BIAS = -10;

  @Override
  public boolean fits(Workbench bench) {
    return bench.values().text("reference", "").contains("ClipLoss");
  }

  @Override
  public void run(Workbench bench) throws IOException {
    Map<String, SafetensorsFile.Doubles> recorded = bench.doubles("io.safetensors");
    for (JsonElement element : bench.values().list("cases")) {
      Arguments values = Arguments.of(element);
      String name = "case" + values.whole("case", 0) + ".";
      SafetensorsFile.Doubles images = bench.required(recorded, name + "image_features");
      SafetensorsFile.Doubles texts = bench.required(recorded, name + "text_features");
      List<Integer> shape = images.shape();
      ContrastiveLoss.Pairs pairs =
          new ContrastiveLoss.Pairs(images.values(), texts.values(), shape.getFirst());
      double scale = values.real("logit_scale", Double.NaN);
      ContrastiveLoss.Slopes found = ContrastiveLoss.clip(pairs, scale);
      bench.compare(name + "clip_loss", found.loss(), values.real("clip_loss", Double.NaN));
      bench.compare(
          name + "grad_logit_scale", found.scale(), values.real("grad_logit_scale", Double.NaN));
      bench.compare(
          name + "siglip_loss",
          ContrastiveLoss.sigmoid(pairs, scale, SIGLIP_BIAS),
          values.real("siglip_loss_bias_minus_10", Double.NaN));
      bench.compare(
          name + "grad_image", found.first(), bench.required(recorded, name + "grad_image"));
      bench.compare(
          name + "grad_text", found.second(), bench.required(recorded, name + "grad_text"));
    }
  }
}
