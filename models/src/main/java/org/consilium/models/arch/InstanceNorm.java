package org.consilium.models.arch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.norm.LayerNorm;
import java.util.HashMap;
import java.util.Map;

/**
 * Instance normalisation (D. Ulyanov et al. 2016): each channel of one image has mean 0 and
 * variance 1. It is the layer normalisation of an image's channels, one a row.
 */
final class InstanceNorm {
  private static final float EPSILON = 1e-5f;

  private final NDManager constants;
  private final Map<Shape, Unit> units = new HashMap<>();

  /** Unit scale and zero shift over one channel, since the engine asks for them. */
  private record Unit(NDArray one, NDArray zero) {}

  /** {@code constants} owns the arrays that every pass needs. */
  InstanceNorm(NDManager constants) {
    this.constants = constants;
  }

  /** [batch, channels, height, width], without scale and shift. */
  NDArray apply(NDArray x) {
    Shape full = x.getShape();
    Shape pixels = new Shape(full.get(2) * full.get(3));
    Unit unit = units.computeIfAbsent(pixels, p -> new Unit(constants.ones(p), constants.zeros(p)));
    NDArray rows = x.reshape(full.get(0), full.get(1), pixels.get(0));
    return LayerNorm.layerNorm(rows, pixels, unit.one, unit.zero, EPSILON)
        .singletonOrThrow()
        .reshape(full);
  }

  /** The same, then every channel gets its factor and shift. */
  NDArray apply(NDArray x, NDArray scale, NDArray shift) {
    NDArray factor = Convolution.attached(x, scale.reshape(scale.size(), 1, 1));
    NDArray offset = Convolution.attached(x, shift.reshape(shift.size(), 1, 1));
    return apply(x).mul(factor).add(offset);
  }
}
