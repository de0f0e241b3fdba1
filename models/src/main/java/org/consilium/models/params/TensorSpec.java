package org.consilium.models.params;

import java.util.Arrays;
import java.util.List;

/**
 * One tensor's name and shape.
 *
 * @param name in the field's usual names, for example {@code stages.0.conv1.weight}
 * @param shape row-major; empty for a scalar
 */
public record TensorSpec(String name, List<Integer> shape) {
  public TensorSpec {
    shape = List.copyOf(shape);
    if (name.isEmpty() || name.length() > 200 || !name.matches("[A-Za-z0-9_.]+")) {
      throw new IllegalArgumentException(
          "tensor name must be 1-200 of [A-Za-z0-9_.], got %d characters".formatted(name.length()));
    }
    if (shape.size() > 8 || shape.stream().anyMatch(d -> d < 1)) {
      throw new IllegalArgumentException(
          "tensor %s: shape must have at most 8 positive dimensions, got %s"
              .formatted(name, shape));
    }
  }

  /** A tensor with the given dimensions. */
  public static TensorSpec of(String name, int... shape) {
    return new TensorSpec(name, Arrays.stream(shape).boxed().toList());
  }

  /** Number of values. */
  public long length() {
    long length = 1;
    for (int dimension : shape) {
      length = Math.multiplyExact(length, (long) dimension);
    }
    return length;
  }
}
