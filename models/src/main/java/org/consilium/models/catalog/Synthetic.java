package org.consilium.models.catalog;

import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;
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
  private final Blueprint.Plan plan;

  Synthetic(ModelSpec spec) {
    this.spec = spec;
    Blueprint tensors = new Blueprint();
    int block = 0;
    for (long left = spec.parameters(); left > 0; left -= TENSOR_VALUES_MAX) {
      tensors.add(
          "block." + block++ + ".weight",
          new Filling.Uniform(START_BOUND),
          (int) Math.min(left, TENSOR_VALUES_MAX));
    }
    this.plan = tensors.plan();
  }

  @Override
  public ModelSpec spec() {
    return spec;
  }

  @Override
  public ParameterLayout layout() {
    return plan.layout();
  }

  @Override
  public ParameterSource initial(long seed) {
    return plan.initial(seed);
  }

  @Override
  public int depth() {
    return 1;
  }

  @Override
  public int layer(String tensor) {
    return 1;
  }

  @Override
  public String summary() {
    return "%s: %d parameters in %d blocks, cannot be trained"
        .formatted(NAME, parameters(), layout().tensors().size());
  }
}
