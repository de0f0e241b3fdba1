package org.consilium.models.metrics;

import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/**
 * Area under the ROC curve with DeLong's variance (DeLong et al. 1988, computed by midranks as in
 * Sun and Xu 2014, O(n log n)).
 *
 * @param estimate chance that a positive scores above a negative, ties count half
 * @param variance of the estimate
 * @param interval 95 %, by the delta method on the logit scale; if the classes are separated
 *     without error, where that has no value, the exact binomial bound for the smaller class
 */
public record Auroc(
    double estimate, double variance, Interval interval, int positives, int negatives) {

  /**
   * The area for two classes.
   *
   * @param labels 0 or 1
   * @param scores higher = more likely 1; no NaN
   * @return empty if a class has fewer than 2 cases
   */
  public static Optional<Auroc> of(int[] labels, double[] scores) {
    return of(new LabelledScores(labels, scores));
  }

  /** As {@link #of(int[], double[])}. */
  public static Optional<Auroc> of(LabelledScores cases) {
    if (!cases.bothClasses()) {
      return Optional.empty();
    }
    double[] positive = cases.scoresOf(1);
    double[] negative = cases.scoresOf(0);
    int m = positive.length;
    int n = negative.length;
    double[] both = Arrays.copyOf(positive, m + n);
    System.arraycopy(negative, 0, both, m, n);
    double[] ranks = midranks(both);
    double[] ranksInPositive = midranks(positive);
    double[] ranksInNegative = midranks(negative);
    double[] above = new double[m];
    double[] below = new double[n];
    for (int i = 0; i < m; i++) {
      above[i] = (ranks[i] - ranksInPositive[i]) / n;
    }
    for (int j = 0; j < n; j++) {
      below[j] = 1 - (ranks[m + j] - ranksInNegative[j]) / m;
    }
    double estimate = Arrays.stream(above).sum() / m;
    double variance = sampleVariance(above) / m + sampleVariance(below) / n;
    return Optional.of(new Auroc(estimate, variance, interval(estimate, variance, m, n), m, n));
  }

  /**
   * Mean over the classes of the area "this class against all others".
   *
   * @param labels class numbers from 0
   * @param scores one row a case, one column a class
   * @return empty if a class has no case, or all cases
   */
  public static OptionalDouble macroOneVersusRest(int[] labels, double[][] scores) {
    if (labels.length == 0 || labels.length != scores.length) {
      return OptionalDouble.empty();
    }
    double sum = 0;
    for (int c = 0; c < scores[0].length; c++) {
      int column = c;
      int[] is = Arrays.stream(labels).map(label -> label == column ? 1 : 0).toArray();
      double[] score = Arrays.stream(scores).mapToDouble(row -> row[column]).toArray();
      LabelledScores cases = new LabelledScores(is, score);
      if (cases.positives() == 0 || cases.negatives() == 0) {
        return OptionalDouble.empty();
      }
      sum += area(cases.scoresOf(1), cases.scoresOf(0));
    }
    return OptionalDouble.of(sum / scores[0].length);
  }

  /** The area alone; sorts both arrays. */
  static double area(double[] positive, double[] negative) {
    Arrays.sort(positive);
    Arrays.sort(negative);
    double wins = 0;
    int less = 0;
    int lessOrEqual = 0;
    for (double score : positive) {
      while (less < negative.length && negative[less] < score) {
        less++;
      }
      while (lessOrEqual < negative.length && negative[lessOrEqual] <= score) {
        lessOrEqual++;
      }
      wins += (less + lessOrEqual) / 2.0;
    }
    return wins / ((double) positive.length * negative.length);
  }

  /** Ranks from 1; equal values share the mean of their ranks. */
  private static double[] midranks(double[] values) {
    int[] order =
        IntStream.range(0, values.length)
            .boxed()
            .sorted((a, b) -> Double.compare(values[a], values[b]))
            .mapToInt(Integer::intValue)
            .toArray();
    double[] ranks = new double[values.length];
    int from = 0;
    while (from < order.length) {
      int to = from;
      while (to < order.length && values[order[to]] == values[order[from]]) {
        to++;
      }
      for (int i = from; i < to; i++) {
        ranks[order[i]] = (from + 1 + to) / 2.0;
      }
      from = to;
    }
    return ranks;
  }

  private static double sampleVariance(double[] values) {
    double mean = Arrays.stream(values).sum() / values.length;
    double squares = Arrays.stream(values).map(v -> (v - mean) * (v - mean)).sum();
    return squares / (values.length - 1);
  }

  private static Interval interval(double estimate, double variance, int m, int n) {
    double exact = Math.pow(.025, 1.0 / Math.min(m, n));
    if (estimate >= 1) {
      return new Interval(exact, 1);
    }
    if (estimate <= 0) {
      return new Interval(0, 1 - exact);
    }
    double logit = Math.log(estimate / (1 - estimate));
    double half = Interval.Z95 * Math.sqrt(variance) / (estimate * (1 - estimate));
    return new Interval(1 / (1 + Math.exp(-(logit - half))), 1 / (1 + Math.exp(-(logit + half))));
  }
}
