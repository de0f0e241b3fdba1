package org.consilium.models.catalog;

import java.util.ArrayList;
import java.util.List;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.TensorSpec;
import org.consilium.protocol.ModelSpec;

/**
 * A model of any size without arithmetic: it measures what a round costs. No engine runs it; a site
 * makes a delta of it from a seed.
 */
public final class Synthetic implements Architecture {
  static final String NAME = "synthetic";

  /** Values of one tensor at most, 16 MiB. */
  private static final int TENSOR_VALUES_MAX = 4 << 20;

  private static final double START_BOUND = 0.05;

  private final ModelSpec spec;
  private final ParameterLayout layout;

  Synthetic(ModelSpec spec) {
    this.spec = spec;
    List<TensorSpec> tensors = new ArrayList<>();
    for (long left = spec.parameters(); left > 0; left -= TENSOR_VALUES_MAX) {
      tensors.add(
          TensorSpec.of(
              "block." + tensors.size() + ".weight", (int) Math.min(left, TENSOR_VALUES_MAX)));
    }
    this.layout = ParameterLayout.of(tensors);
  }

  @Override
  public ModelSpec spec() {
    return spec;
  }

  @Override
  public ParameterLayout layout() {
    return layout;
  }

  @Override
  public ParameterSource initial(long seed) {
    List<Filling> fillings =
        layout.tensors().stream().<Filling>map(_ -> new Filling.Uniform(START_BOUND)).toList();
    return new SeededParameters(layout, fillings, seed);
  }

  @Override
  public String summary() {
    return "%s: %d parameters in %d blocks, cannot be trained"
        .formatted(NAME, parameters(), layout.tensors().size());
  }
}
