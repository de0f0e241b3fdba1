package org.consilium.coordinator.aggregate.robust;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Krum and multi-Krum (Blanchard et al. 2017, "Machine learning with adversaries: Byzantine
 * tolerant gradient descent", sections 4 and 6): a vector's score is the sum of its n − f − 2
 * smallest squared distances to others; Krum takes the vector of the lowest score, multi-Krum the
 * mean of the m lowest. The guarantee needs n ≥ 2f + 3.
 */
public final class Krum {
  private Krum() {}

  /**
   * Each vector's score, in the vectors' order.
   *
   * @param faulty f, how many vectors may lie; 0 to n − 3
   */
  public static double[] scores(List<double[]> vectors, int faulty) {
    int ignored = Vectors.length(vectors);
    int n = vectors.size();
    int neighbours = n - faulty - 2;
    if (faulty < 0 || neighbours < 1) {
      throw new IllegalArgumentException(
          "Krum: %d vectors of %d values of which %d may lie; at least %d vectors are needed"
              .formatted(n, ignored, faulty, faulty + 3));
    }
    double[] scores = new double[n];
    for (int i = 0; i < n; i++) {
      double[] distances = new double[n - 1];
      int count = 0;
      for (int j = 0; j < n; j++) {
        if (j != i) {
          distances[count++] = Vectors.squaredDistance(vectors.get(i), vectors.get(j));
        }
      }
      Arrays.sort(distances);
      for (int k = 0; k < neighbours; k++) {
        scores[i] += distances[k];
      }
    }
    return scores;
  }

  /** The {@code count} vectors of the lowest scores, best first; ties go to the lower index. */
  public static int[] selected(List<double[]> vectors, int faulty, int count) {
    if (count < 1 || count > vectors.size()) {
      throw new IllegalArgumentException("Krum: %d of %d vectors".formatted(count, vectors.size()));
    }
    double[] scores = scores(vectors, faulty);
    return IntStream.range(0, scores.length)
        .boxed()
        .sorted(Comparator.<Integer>comparingDouble(i -> scores[i]).thenComparingInt(i -> i))
        .limit(count)
        .mapToInt(Integer::intValue)
        .toArray();
  }

  /** Krum: the vector of the lowest score. */
  public static double[] of(List<double[]> vectors, int faulty) {
    return vectors.get(selected(vectors, faulty, 1)[0]).clone();
  }

  /** Multi-Krum: the mean of the {@code count} vectors of the lowest scores. */
  public static double[] mean(List<double[]> vectors, int faulty, int count) {
    double[] mean = new double[Vectors.length(vectors)];
    for (int index : selected(vectors, faulty, count)) {
      for (int i = 0; i < mean.length; i++) {
        mean[i] += vectors.get(index)[i] / count;
      }
    }
    return mean;
  }
}
