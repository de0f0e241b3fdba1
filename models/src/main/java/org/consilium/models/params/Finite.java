package org.consilium.models.params;

import java.io.IOException;

/** Parameters that hold a value that is no number teach a model nothing, and are refused. */
public final class Finite {
  private static final int BLOCK = 1 << 16;

  private Finite() {}

  /**
   * Reads all of it.
   *
   * @param step what is being done, for the message
   * @throws IllegalArgumentException if a value is NaN or infinite; names the tensor and the place
   * @throws IOException if it cannot be read
   */
  public static void require(ParameterSource source, String step) throws IOException {
    float[] block = new float[BLOCK];
    ParameterLayout layout = source.layout();
    for (int t = 0; t < layout.tensors().size(); t++) {
      TensorSpec tensor = layout.tensors().get(t);
      for (long from = 0; from < tensor.length(); from += BLOCK) {
        int some = (int) Math.min(BLOCK, tensor.length() - from);
        source.read(layout.offset(t) + from, block, 0, some);
        require(block, some, tensor, from, step);
      }
    }
  }

  /**
   * A part of a tensor.
   *
   * @param from place of the first value in the tensor
   * @throws IllegalArgumentException as above
   */
  public static void require(float[] values, int count, TensorSpec tensor, long from, String step) {
    for (int i = 0; i < count; i++) {
      if (!Float.isFinite(values[i])) {
        throw new IllegalArgumentException(
            "%s: tensor %s holds %s at %d".formatted(step, tensor.name(), values[i], from + i));
      }
    }
  }
}
