package org.consilium.models.engine.reference;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.consilium.models.arch.Network;
import org.consilium.models.arch.Trace;
import org.consilium.models.arch.UniRepLKNetBlock;
import org.consilium.models.arch.Weights;
import org.consilium.models.catalog.DilatedBranches;
import org.consilium.models.catalog.DilatedBranches.Tensor;
import org.consilium.models.catalog.UniRepLKNet;

/**
 * The authors' UniRepLKNet, a block or a whole model: the training form, the recorded merged form,
 * and ours, merged here from the training form.
 */
final class UniRepLKNetCase implements ReferenceCase {
  private static final double EPSILON = 1e-5;

  @Override
  public boolean fits(Workbench bench) {
    return bench.values().text("reference", "").contains("UniRepLKNet");
  }

  @Override
  public void run(Workbench bench) throws IOException {
    if (bench.values().real("bn_eps", EPSILON) != EPSILON) {
      throw new IllegalArgumentException("bn_eps: only 1e-5 is known here");
    }
    Map<String, NDArray> recorded = bench.arrays("io.safetensors");
    NDArray images = bench.required(recorded, "input");
    Map<String, NDArray> trained = bench.arrays("weights.safetensors");
    Map<String, NDArray> merged = bench.arrays("merged.safetensors");
    Map<String, NDArray> ours = merged(bench, trained);
    merged.forEach((name, value) -> bench.compare("merged." + name, of(ours, name), value));
    if (!ours.keySet().equals(merged.keySet())) {
      throw new IllegalArgumentException(
          "merging gives %s instead of %s".formatted(ours.keySet(), merged.keySet()));
    }
    Trace trace = bench.against(recorded);
    if (bench.values().has("arguments")) {
      UniRepLKNet model = model(bench, images.getShape());
      Weights mine = bench.weights(model.layout(), ours);
      Network network = Network.of(model, bench.manager());
      var _ = network.logits(images, Weights.of(trained), trace);
      NDArray expected = bench.required(recorded, "logits_merged");
      bench.compare("logits_merged", network.logits(images, mine, Trace.NONE), expected);
    } else {
      NDArray output = UniRepLKNetBlock.apply(images, Weights.of(trained), trace);
      trace.seen("output", output);
      NDArray again = UniRepLKNetBlock.apply(images, Weights.of(ours), Trace.NONE);
      bench.compare("output_merged", again, bench.required(recorded, "output_merged"));
    }
    bench.requireCompared(recorded.keySet(), "input");
  }

  private static NDArray of(Map<String, NDArray> ours, String name) {
    NDArray found = ours.get(name);
    if (found == null) {
      throw new IllegalArgumentException("merging gives no tensor " + name);
    }
    return found;
  }

  private static Map<String, NDArray> merged(Workbench bench, Map<String, NDArray> trained) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    trained.forEach(
        (name, array) -> {
          List<Integer> shape =
              Arrays.stream(array.getShape().getShape()).mapToObj(Math::toIntExact).toList();
          tensors.put(name, new Tensor(shape, array.toFloatArray()));
        });
    Map<String, NDArray> arrays = new LinkedHashMap<>();
    DilatedBranches.merge(tensors, EPSILON)
        .forEach(
            (name, tensor) -> {
              long[] shape = tensor.shape().stream().mapToLong(Integer::longValue).toArray();
              arrays.put(name, bench.manager().create(tensor.values(), new Shape(shape)));
            });
    return arrays;
  }

  private static UniRepLKNet model(Workbench bench, Shape size) {
    Arguments arguments = bench.arguments();
    arguments.requireOnly(
        Set.of("in_chans", "num_classes", "depths", "dims", "kernel_sizes", "drop_path_rate"));
    List<List<Integer>> kernels =
        arguments.list("kernel_sizes").stream().map(UniRepLKNetCase::edges).toList();
    int channels = arguments.whole("in_chans", 3);
    List<Integer> widths = TimmConvNeXt.wholes(arguments, "dims", List.of(96, 192, 384, 768));
    return new UniRepLKNet(
        TimmConvNeXt.spec("unireplknet", channels, size, arguments.whole("num_classes", 1000)),
        new UniRepLKNet.Form(widths, kernels));
  }

  private static List<Integer> edges(JsonElement stage) {
    JsonObject named = new JsonObject();
    named.add("kernel_sizes", stage);
    return TimmConvNeXt.wholes(Arguments.of(named), "kernel_sizes", List.of());
  }
}
