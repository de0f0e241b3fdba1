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

  /**
   * Parameters in an array.
   *
   * @param values in layout order; shared, not copied
   * @throws IllegalArgumentException if they are not as many as the layout has
   */
  static ParameterSource of(ParameterLayout layout, float[] values) {
    if (values.length != layout.length()) {
      throw new IllegalArgumentException(
          "parameters: the layout has %s, got %d values".formatted(layout, values.length));
    }
    return new ParameterSource() {
      @Override
      public ParameterLayout layout() {
        return layout;
      }

      @Override
      public void read(long offset, float[] into, int at, int length) {
        System.arraycopy(values, Math.toIntExact(offset), into, at, length);
      }
    };
  }
}
