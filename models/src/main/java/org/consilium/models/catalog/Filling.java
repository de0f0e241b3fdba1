package org.consilium.models.catalog;

import java.util.SplittableRandom;

/** How one tensor's starting values are made. */
sealed interface Filling {
  /** Fills the first {@code length} places. */
  void fill(float[] block, int length, SplittableRandom random);

  /** The same value everywhere. */
  record Constant(float value) implements Filling {
    @Override
    public void fill(float[] block, int length, SplittableRandom random) {
      java.util.Arrays.fill(block, 0, length, value);
    }
  }

  /** Uniform in [-bound, bound). */
  record Uniform(double bound) implements Filling {
    @Override
    public void fill(float[] block, int length, SplittableRandom random) {
      for (int i = 0; i < length; i++) {
        block[i] = (float) (bound * (2 * random.nextDouble() - 1));
      }
    }
  }

  /**
   * Normal with mean 0, by Box and Muller's method in StrictMath: the standard library does not
   * promise the same Gaussians in every release.
   */
  record Normal(double deviation) implements Filling {
    @Override
    public void fill(float[] block, int length, SplittableRandom random) {
      for (int i = 0; i < length; i += 2) {
        double radius = deviation * StrictMath.sqrt(-2 * StrictMath.log(1 - random.nextDouble()));
        double angle = 2 * Math.PI * random.nextDouble();
        block[i] = (float) (radius * StrictMath.cos(angle));
        if (i + 1 < length) {
          block[i + 1] = (float) (radius * StrictMath.sin(angle));
        }
      }
    }
  }
}
