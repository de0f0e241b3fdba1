package org.consilium.models.catalog;

import java.util.ArrayList;
import java.util.List;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.TensorSpec;

/** Collects an architecture's tensors, each with the rule for its starting values. */
final class Blueprint {
  private final List<TensorSpec> tensors = new ArrayList<>();
  private final List<Filling> fillings = new ArrayList<>();

  /** The next tensor. */
  Blueprint add(String name, Filling filling, int... shape) {
    tensors.add(TensorSpec.of(name, shape));
    fillings.add(filling);
    return this;
  }

  /** What was collected, for good. */
  Plan plan() {
    return new Plan(ParameterLayout.of(tensors), List.copyOf(fillings));
  }

  /** Names, shapes and starting values. */
  record Plan(ParameterLayout layout, List<Filling> fillings) {
    ParameterSource initial(long seed) {
      return new SeededParameters(layout, fillings, seed);
    }
  }
}
