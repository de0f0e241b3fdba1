package org.consilium.site.protect;

import java.util.concurrent.atomic.AtomicLong;
import org.consilium.models.params.Squares;

/**
 * The L2 norm of a delta, and how many of its coordinates are subnormal, taken chunk by chunk. The
 * sum is that of the chunks' sums in their order, so that it does not depend on the threads.
 */
final class Norm {
  private final double[] sums;
  private final AtomicLong tiny = new AtomicLong();

  /** Of a delta of some chunks. */
  Norm(int chunks) {
    this.sums = new double[chunks];
  }

  /** Adds the first {@code length} values of a chunk, once; by several threads. */
  void add(int chunk, float[] values, int length) {
    int count = 0;
    for (int i = 0; i < length; i++) {
      float size = Math.abs(values[i]);
      count += size < Float.MIN_NORMAL && size != 0 ? 1 : 0;
    }
    long _ = tiny.addAndGet(count);
    sums[chunk] = Squares.of(values, 0, length);
  }

  /** The norm, once all chunks were added; not finite if a coordinate is not. */
  double value() {
    double sum = 0;
    for (double part : sums) {
      sum += part;
    }
    return Math.sqrt(sum);
  }

  /** Coordinates too small for a normal float, and not 0. */
  long subnormals() {
    return tiny.get();
  }
}
