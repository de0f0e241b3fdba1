package org.consilium.models.engine.reference;

import ai.djl.ndarray.NDArray;
import com.google.gson.JsonElement;
import java.io.IOException;
import java.util.Map;
import org.consilium.models.checkpoint.PositionRule;
import org.consilium.models.checkpoint.PositionRule.Grid;

/** Position tables brought to other grids by both families' rules. */
final class PositionTableCase implements ReferenceCase {
  @Override
  public boolean fits(Workbench bench) {
    return bench.values().text("reference", "").contains("resample_abs_pos_embed");
  }

  @Override
  public void run(Workbench bench) throws IOException {
    Map<String, NDArray> recorded = bench.arrays("io.safetensors");
    for (JsonElement element : bench.values().list("cases")) {
      Arguments values = Arguments.of(element);
      String name = values.text("case", "");
      float[] table = bench.required(recorded, name + ".in").toFloatArray();
      float[] expected = bench.required(recorded, name + ".out").toFloatArray();
      int prefix = values.whole("prefix_tokens", 0);
      float[] ours =
          values.text("rule", "").startsWith("timm")
              ? timm(values, table, prefix)
              : dinov2(values, table, prefix);
      bench.compare(name, ours, expected, bench.tolerance());
    }
  }

  private static float[] timm(Arguments values, float[] table, int prefix) {
    int[] from = values.size("old_grid", 0);
    int[] to = values.size("new_grid", 0);
    return new PositionRule.Timm()
        .resample(table, prefix, new Grid(from[0], from[1]), new Grid(to[0], to[1]));
  }

  private static float[] dinov2(Arguments values, float[] table, int prefix) {
    int patch = values.whole("patch", 14);
    int edge = values.whole("native_image", 0) / patch;
    Grid to =
        new Grid(values.whole("image_height", 0) / patch, values.whole("image_width", 0) / patch);
    return new PositionRule.DinoV2(
            values.real("interpolate_offset", 0.1), values.flag("antialias", false))
        .resample(table, prefix, new Grid(edge, edge), to);
  }
}
