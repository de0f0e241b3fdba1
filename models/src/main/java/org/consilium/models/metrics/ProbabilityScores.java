package org.consilium.models.metrics;

import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * Scores of predicted probabilities. All need at least one case; probabilities are clipped to
 * [1e-15, 1 - 1e-15] in logarithms only.
 */
public final class ProbabilityScores {
  /** Bins of the calibration error. */
  public static final int BINS = 15;

  private static final double CLIP = 1e-15;

  private ProbabilityScores() {}

  /** Mean negative log likelihood, in nats. */
  public static double logLoss(LabelledScores cases) {
    double sum = 0;
    for (int i = 0; i < atLeastOne(cases.count()); i++) {
      sum += caseLogLoss(cases.labels()[i], cases.scores()[i]);
    }
    return sum / cases.count();
  }

  /** Negative log likelihood of one case in nats; {@code probability} is that of class 1. */
  public static double caseLogLoss(int label, double probability) {
    double p = Math.clamp(probability, CLIP, 1 - CLIP);
    return -Math.log(label == 1 ? p : 1 - p);
  }

  /**
   * Mean negative log likelihood of several classes, in nats.
   *
   * @param probabilities one row a case, one column a class
   */
  public static double logLoss(int[] labels, double[][] probabilities) {
    double sum = 0;
    for (int i = 0; i < sameCount(labels, probabilities); i++) {
      sum -= Math.log(Math.clamp(probabilities[i][labels[i]], CLIP, 1 - CLIP));
    }
    return sum / labels.length;
  }

  /**
   * Mean negative log likelihood from logits, in nats, without overflow; not clipped.
   *
   * @param logits one row a case, one column a class
   */
  public static double logLossOfLogits(int[] labels, float[][] logits) {
    if (labels.length != logits.length) {
      throw new IllegalArgumentException(
          "%d labels for %d rows of logits".formatted(labels.length, logits.length));
    }
    double sum = 0;
    for (int i = 0; i < atLeastOne(labels.length); i++) {
      sum += logSumExp(logits[i]) - logits[i][labels[i]];
    }
    return sum / labels.length;
  }

  /** Probabilities of one row of logits. */
  public static double[] softmax(float[] logits) {
    double total = logSumExp(logits);
    return IntStream.range(0, logits.length)
        .mapToDouble(c -> Math.exp(logits[c] - total))
        .toArray();
  }

  /** Share of cases whose most likely class is theirs; of equal ones the first counts. */
  public static double accuracy(int[] labels, double[][] probabilities) {
    int hits = 0;
    for (int i = 0; i < sameCount(labels, probabilities); i++) {
      int best = 0;
      for (int c = 1; c < probabilities[i].length; c++) {
        best = probabilities[i][c] > probabilities[i][best] ? c : best;
      }
      hits += best == labels[i] ? 1 : 0;
    }
    return (double) hits / labels.length;
  }

  /** Mean squared difference of probability and label. */
  public static double brier(LabelledScores cases) {
    double sum = 0;
    for (int i = 0; i < atLeastOne(cases.count()); i++) {
      double difference = cases.scores()[i] - cases.labels()[i];
      sum += difference * difference;
    }
    return sum / cases.count();
  }

  /**
   * Expected calibration error over 15 bins of equal mass: cases in stable order of probability,
   * the first n mod 15 bins one larger; Σ (size/n)·|mean probability - mean label|.
   */
  public static double calibrationError(LabelledScores cases) {
    int n = atLeastOne(cases.count());
    int[] order =
        IntStream.range(0, n)
            .boxed()
            .sorted(Comparator.comparingDouble(i -> cases.scores()[i]))
            .mapToInt(Integer::intValue)
            .toArray();
    double error = 0;
    int at = 0;
    for (int bin = 0; bin < BINS; bin++) {
      int end = at + n / BINS + (bin < n % BINS ? 1 : 0);
      double difference = 0;
      for (; at < end; at++) {
        difference += cases.scores()[order[at]] - cases.labels()[order[at]];
      }
      error += Math.abs(difference) / n;
    }
    return error;
  }

  private static double logSumExp(float[] logits) {
    double max = Double.NEGATIVE_INFINITY;
    for (float logit : logits) {
      max = Math.max(max, logit);
    }
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp(logit - max);
    }
    return max + Math.log(sum);
  }

  private static int sameCount(int[] labels, double[][] rows) {
    if (labels.length != rows.length) {
      throw new IllegalArgumentException(
          "%d labels for %d rows of probabilities".formatted(labels.length, rows.length));
    }
    return atLeastOne(labels.length);
  }

  private static int atLeastOne(int count) {
    if (count < 1) {
      throw new IllegalArgumentException("a score needs at least one case");
    }
    return count;
  }
}
