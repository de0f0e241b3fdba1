package org.consilium.models.catalog;

import java.util.SplittableRandom;

/** How one tensor's starting values are made. */
sealed interface Filling {
  /** Fills the first {@code length} places. */
  void fill(float[] block, int length, SplittableRandom random);

  /**
   * The same for a rule that depends on the place: the block's first value is number {@code from}.
   */
  default void fill(long from, float[] block, int length, SplittableRandom random) {
    fill(block, length, random);
  }

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

  /**
   * A table of positions, [1 + rows · columns, width]: zeros first, then for each place of the grid
   * sines and cosines of its column in the first half and of its row in the second (the order of He
   * et al. 2022's code), with wavelengths from 2π to 10000 · 2π.
   */
  record Waves(int width, int columns) implements Filling {
    @Override
    public void fill(float[] block, int length, SplittableRandom random) {
      fill(0, block, length, random);
    }

    @Override
    public void fill(long from, float[] block, int length, SplittableRandom random) {
      for (int i = 0; i < length; i++) {
        block[i] = value((from + i) / width, (int) ((from + i) % width));
      }
    }

    private float value(long row, int place) {
      if (row == 0) {
        return 0;
      }
      int half = width / 2;
      int quarter = half / 2;
      long position = place < half ? (row - 1) % columns : (row - 1) / columns;
      int within = place % half;
      double frequency = 1 / StrictMath.pow(10000, (double) (within % quarter) / quarter);
      double angle = position * frequency;
      return (float) (within < quarter ? StrictMath.sin(angle) : StrictMath.cos(angle));
    }
  }
}
