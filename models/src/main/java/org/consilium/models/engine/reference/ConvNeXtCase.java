package org.consilium.models.engine.reference;

import ai.djl.ndarray.NDArray;
import java.io.IOException;
import java.util.Map;
import org.consilium.models.arch.Network;
import org.consilium.models.arch.Weights;
import org.consilium.models.catalog.ConvNeXt;

/** timm's ConvNeXt, both versions: every recorded tensor of a forward pass. */
final class ConvNeXtCase implements ReferenceCase {
  @Override
  public boolean fits(Workbench bench) {
    return TimmConvNeXt.fits(bench.values()) && !bench.values().has("runs");
  }

  @Override
  public void run(Workbench bench) throws IOException {
    Map<String, NDArray> recorded = bench.arrays("io.safetensors");
    NDArray images = bench.required(recorded, "input");
    ConvNeXt model = TimmConvNeXt.of(bench.values(), bench.arguments(), images.getShape());
    Weights weights = bench.weights(model.layout(), bench.arrays("weights.safetensors"));
    var _ = Network.of(model, bench.manager()).logits(images, weights, bench.against(recorded));
    bench.requireCompared(recorded.keySet(), "input");
  }
}
