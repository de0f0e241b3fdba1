package org.consilium.models.engine.reference;

import ai.djl.ndarray.NDArray;
import java.io.IOException;
import java.util.Map;
import org.consilium.models.arch.Network;
import org.consilium.models.arch.Weights;
import org.consilium.models.catalog.VisionTransformer;

/** timm's vision transformers: every recorded tensor of a forward pass. */
final class VisionTransformerCase implements ReferenceCase {
  @Override
  public boolean fits(Workbench bench) {
    return TimmVision.fits(bench.values());
  }

  @Override
  public void run(Workbench bench) throws IOException {
    VisionTransformer model = TimmVision.of(bench.values(), bench.arguments());
    Weights weights = bench.weights(model.layout(), bench.arrays("weights.safetensors"));
    Map<String, NDArray> recorded = bench.arrays("io.safetensors");
    NDArray images = bench.required(recorded, "input");
    var _ = Network.of(model, bench.manager()).logits(images, weights, bench.against(recorded));
    bench.requireCompared(recorded.keySet(), "input");
  }
}
