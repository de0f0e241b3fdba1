package org.consilium.models.engine;

import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/** The sum of clipped gradients of some tensors, in double precision, and the noise on it. */
final class GradientSum {
  private static final int BLOCK = 2048;

  /** Gaussian draws to a value of noise: see {@link #addNoise}. */
  private static final int DRAWS = 4;

  private final List<Optimiser.Trained> tensors;
  private final double[][] sums;
  private final float[] block = new float[BLOCK];

  GradientSum(List<Optimiser.Trained> tensors) {
    this.tensors = tensors;
    this.sums = new double[tensors.size()][];
    for (int t = 0; t < sums.length; t++) {
      sums[t] = new double[tensors.get(t).length()];
    }
  }

  /** Nothing added yet. */
  void clear() {
    for (double[] sum : sums) {
      Arrays.fill(sum, 0);
    }
  }

  /**
   * Adds the gradient that stands beside the tensors, shortened to norm {@code clip} if it is
   * longer; one that is not finite adds nothing.
   *
   * @return its norm before
   */
  double addClipped(double clip) {
    double norm = norm();
    if (!Double.isFinite(norm)) {
      return norm;
    }
    double factor = norm > clip ? clip / norm : 1;
    for (int t = 0; t < sums.length; t++) {
      for (int from = 0; from < sums[t].length; from += BLOCK) {
        int some = read(t, from);
        for (int i = 0; i < some; i++) {
          sums[t][from + i] += factor * block[i];
        }
      }
    }
    return norm;
  }

  private double norm() {
    double squares = 0;
    for (int t = 0; t < sums.length; t++) {
      for (int from = 0; from < sums[t].length; from += BLOCK) {
        int some = read(t, from);
        for (int i = 0; i < some; i++) {
          squares += (double) block[i] * block[i];
        }
      }
    }
    return Math.sqrt(squares);
  }

  /**
   * Adds Gaussian noise to every value. A value of it is half the sum of four draws, of which many
   * quadruples give each result: single draws in floating point leave gaps that tell what was under
   * them (Mironov 2012; Holohan, Braghin 2021).
   */
  void addNoise(double deviation, RandomGenerator chance) {
    double scale = deviation / Math.sqrt(DRAWS);
    for (double[] sum : sums) {
      for (int i = 0; i < sum.length; i++) {
        double drawn = 0;
        for (int draw = 0; draw < DRAWS; draw++) {
          drawn += chance.nextGaussian();
        }
        sum[i] += scale * drawn;
      }
    }
  }

  /** Puts {@code factor} times the sum where the gradient stands. */
  void write(double factor) {
    for (int t = 0; t < sums.length; t++) {
      for (int from = 0; from < sums[t].length; from += BLOCK) {
        int some = Math.min(BLOCK, sums[t].length - from);
        for (int i = 0; i < some; i++) {
          block[i] = (float) (factor * sums[t][from + i]);
        }
        tensors.get(t).gradient().write(from, block, 0, some);
      }
    }
  }

  /** All values, one tensor after another, a copy. */
  double[] values() {
    return Arrays.stream(sums).flatMapToDouble(Arrays::stream).toArray();
  }

  private int read(int tensor, int from) {
    int some = Math.min(BLOCK, sums[tensor].length - from);
    tensors.get(tensor).gradient().read(from, block, 0, some);
    return some;
  }
}
