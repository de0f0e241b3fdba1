package org.consilium.models.federated;

import java.io.IOException;
import org.consilium.models.params.ParameterSource;

/** How far parameters are apart. */
final class Distance {
  private static final int BLOCK = 1 << 14;

  private Distance() {}

  /**
   * The L2 norm of a difference, over as many parameters as {@code first} has; read block by block.
   *
   * @param second at least as many; read from its first on
   */
  static double between(ParameterSource first, ParameterSource second) throws IOException {
    float[] some = new float[BLOCK];
    float[] others = new float[BLOCK];
    double squares = 0;
    long length = first.layout().length();
    for (long from = 0; from < length; from += BLOCK) {
      int count = (int) Math.min(BLOCK, length - from);
      first.read(from, some, 0, count);
      second.read(from, others, 0, count);
      for (int i = 0; i < count; i++) {
        double apart = (double) some[i] - others[i];
        squares += apart * apart;
      }
    }
    return Math.sqrt(squares);
  }
}
