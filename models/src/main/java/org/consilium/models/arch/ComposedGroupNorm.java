package org.consilium.models.arch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.norm.LayerNorm;
import java.util.HashMap;
import java.util.Map;

/** Each group is one row of a layer normalisation, then every channel gets its factor and shift. */
final class ComposedGroupNorm implements GroupNorm {
  private final int groups;
  private final NDManager constants;
  private final Map<Shape, Unit> units = new HashMap<>();

  /** Unit scale and zero shift over one group, since the engine asks for them. */
  private record Unit(NDArray one, NDArray zero) {}

  /** {@code constants} owns the arrays that every pass needs. */
  ComposedGroupNorm(int groups, NDManager constants) {
    this.groups = groups;
    this.constants = constants;
  }

  @Override
  public NDArray apply(NDArray x, NDArray scale, NDArray shift) {
    Shape full = x.getShape();
    Shape group = new Shape(full.get(1) / groups * full.get(2) * full.get(3));
    Unit unit = units.computeIfAbsent(group, g -> new Unit(constants.ones(g), constants.zeros(g)));
    NDArray rows = x.reshape(full.get(0), groups, group.get(0));
    NDArray even =
        LayerNorm.layerNorm(rows, group, unit.one, unit.zero, EPSILON)
            .singletonOrThrow()
            .reshape(full);
    return even.mul(perChannel(x, scale)).add(perChannel(x, shift));
  }

  /**
   * A view [channels, 1, 1] of a parameter, given to the activation's manager lest it outlive the
   * step.
   */
  private static NDArray perChannel(NDArray x, NDArray parameter) {
    NDArray view = parameter.reshape(parameter.size(), 1, 1);
    view.attach(x.getManager());
    return view;
  }
}
