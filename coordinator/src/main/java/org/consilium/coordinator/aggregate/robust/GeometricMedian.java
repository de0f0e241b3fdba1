package org.consilium.coordinator.aggregate.robust;

import java.util.Arrays;
import java.util.List;

/**
 * The geometric median, which minimises Σwₖ‖z − xₖ‖ (Pillutla et al. 2022, "Robust aggregation for
 * federated learning"), by Weiszfeld's iteration. Where it comes upon one of the vectors, on which
 * the iteration is not defined, it either stays, if that is the optimum, or leaves it in the
 * direction of descent (Vardi &amp; Zhang 2000), so that the result is the optimum itself and not a
 * smoothed one.
 */
public final class GeometricMedian {
  private static final int ITERATIONS_MAX = 100_000;

  /** Relative length of a step that counts as none. */
  private static final double STILL = 1e-15;

  private GeometricMedian() {}

  /** The median of equally weighted vectors. */
  public static double[] of(List<double[]> vectors) {
    double[] weights = new double[vectors.size()];
    Arrays.fill(weights, 1);
    return of(vectors, weights);
  }

  /**
   * The weighted median.
   *
   * @param weights one a vector, positive
   */
  public static double[] of(List<double[]> vectors, double[] weights) {
    int length = Vectors.length(vectors);
    if (weights.length != vectors.size() || Arrays.stream(weights).anyMatch(w -> !(w > 0))) {
      throw new IllegalArgumentException(
          "geometric median: %d vectors, weights %s"
              .formatted(vectors.size(), Arrays.toString(weights)));
    }
    // An input that is the optimum is found first: the iteration nears it ever more slowly.
    for (double[] vector : vectors) {
      if (new Pull(vectors, weights, vector).holds()) {
        return vector.clone();
      }
    }
    double[] at = CoordinateMedian.of(vectors);
    for (int k = 0; k < ITERATIONS_MAX; k++) {
      double[] next = new Pull(vectors, weights, at).next();
      double moved = Math.sqrt(Vectors.squaredDistance(next, at));
      double size = Math.sqrt(Vectors.squaredDistance(next, new double[length]));
      at = next;
      if (moved <= STILL * Math.max(1, size)) {
        break;
      }
    }
    return at;
  }

  /** Σwₖ‖z − xₖ‖. */
  public static double objective(List<double[]> vectors, double[] weights, double[] z) {
    double sum = 0;
    for (int k = 0; k < vectors.size(); k++) {
      sum += weights[k] * Math.sqrt(Vectors.squaredDistance(vectors.get(k), z));
    }
    return sum;
  }

  /** What draws a point: the sum of unit vectors to all others, and the weight that sits on it. */
  private static final class Pull {
    private final double[] at;
    private final double[] force;
    private double stiffness;
    private double own;

    Pull(List<double[]> vectors, double[] weights, double[] at) {
      this.at = at;
      this.force = new double[at.length];
      for (int k = 0; k < vectors.size(); k++) {
        double[] vector = vectors.get(k);
        double distance = Math.sqrt(Vectors.squaredDistance(vector, at));
        if (distance == 0) {
          own += weights[k];
          continue;
        }
        stiffness += weights[k] / distance;
        for (int i = 0; i < at.length; i++) {
          force[i] += weights[k] * (vector[i] - at[i]) / distance;
        }
      }
    }

    /** Whether the weight on the point holds it there: then it is the optimum. */
    boolean holds() {
      return strength() <= own * (1 + 1e-12);
    }

    double[] next() {
      double strength = strength();
      double share = strength <= own || strength == 0 ? 0 : 1 - own / strength;
      double[] next = at.clone();
      for (int i = 0; i < next.length; i++) {
        next[i] += share == 0 ? 0 : share * force[i] / stiffness;
      }
      return next;
    }

    private double strength() {
      return Math.sqrt(Vectors.squaredDistance(force, new double[force.length]));
    }
  }
}
