package org.consilium.models.params;

import java.io.IOException;

/**
 * Parameters that can be read block by block in layout order, wherever they live: a file, an
 * engine's native memory, or the difference of two sources. Reading does not copy the whole model.
 */
public interface ParameterSource {
  /** Names, shapes and order. */
  ParameterLayout layout();

  /**
   * Reads {@code length} values from coordinate {@code offset} on into {@code into} at {@code at}.
   *
   * @throws IOException if the place they live in cannot be read
   */
  void read(long offset, float[] into, int at, int length) throws IOException;
}
