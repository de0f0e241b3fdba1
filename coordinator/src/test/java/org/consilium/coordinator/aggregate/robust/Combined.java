package org.consilium.coordinator.aggregate.robust;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.consilium.coordinator.aggregate.robust.RobustRule.ByCoordinate;
import org.consilium.coordinator.aggregate.robust.RobustRule.ByDistance;
import org.consilium.coordinator.aggregate.robust.RobustRule.ByNorm;
import org.consilium.coordinator.aggregate.robust.RobustRule.Round;
import org.consilium.coordinator.aggregate.robust.RobustRule.Ruling;

/** A rule's result on whole vectors in memory, walked in blocks of any length. */
public record Combined(double[] value, List<Handling> handlings) {

  static Combined of(RobustRule rule, List<double[]> vectors) {
    return of(rule, vectors, Round.uniform(vectors.size()), vectors.getFirst().length);
  }

  public static Combined of(RobustRule rule, List<double[]> vectors, Round round, int blockLength) {
    return switch (rule) {
      case ByNorm norms -> summed(norms.rule(norms(vectors), round), vectors, round);
      case ByDistance spread ->
          summed(spread.rule(distances(vectors, blockLength), round), vectors, round);
      case ByCoordinate each -> walked(each, vectors, blockLength);
    };
  }

  static PairDistances distances(List<double[]> vectors, int blockLength) {
    PairDistances distances = new PairDistances(vectors.size());
    int length = vectors.getFirst().length;
    for (int at = 0; at < length; at += blockLength) {
      distances.add(block(vectors, at, Math.min(blockLength, length - at)));
    }
    return distances;
  }

  /** Σ aₖwₖxₖ / denominator: the factors as doubles. */
  static double[] sum(Factors factors, List<double[]> vectors, Round round) {
    double[] sum = new double[vectors.getFirst().length];
    for (int k = 0; k < vectors.size(); k++) {
      for (int i = 0; i < sum.length; i++) {
        sum[i] += factors.factors().get(k) * round.weights().get(k) * vectors.get(k)[i];
      }
    }
    for (int i = 0; i < sum.length; i++) {
      sum[i] /= factors.denominator();
    }
    return sum;
  }

  static double norm(double[] vector) {
    return distance(vector, new double[vector.length]);
  }

  static double distance(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (a[i] - b[i]) * (a[i] - b[i]);
    }
    return Math.sqrt(sum);
  }

  static double[] mean(List<double[]> vectors) {
    Round round = Round.uniform(vectors.size());
    List<Integer> all = IntStream.range(0, vectors.size()).boxed().toList();
    return sum(Factors.chosen(all, round), vectors, round);
  }

  private static Combined summed(Ruling ruling, List<double[]> vectors, Round round) {
    return new Combined(sum(ruling.factors(), vectors, round), ruling.handlings());
  }

  private static double[] norms(List<double[]> vectors) {
    return vectors.stream().mapToDouble(Combined::norm).toArray();
  }

  private static Combined walked(ByCoordinate rule, List<double[]> vectors, int blockLength) {
    int length = vectors.getFirst().length;
    double[] value = new double[length];
    double[] into = new double[blockLength];
    long[] beyond = new long[vectors.size()];
    for (int at = 0; at < length; at += blockLength) {
      int now = Math.min(blockLength, length - at);
      rule.combine(block(vectors, at, now), into, beyond);
      System.arraycopy(into, 0, value, at, now);
    }
    return new Combined(value, rule.handlings(beyond, length));
  }

  private static SiteBlock block(List<double[]> vectors, int at, int length) {
    double[][] values =
        vectors.stream().map(v -> Arrays.copyOfRange(v, at, at + length)).toArray(double[][]::new);
    return new SiteBlock(values, length);
  }
}
