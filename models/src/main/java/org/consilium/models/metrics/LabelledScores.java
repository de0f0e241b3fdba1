package org.consilium.models.metrics;

/**
 * Cases of a two-class problem.
 *
 * @param labels 0 or 1; shared, not copied: the caller must not change it
 * @param scores probability of class 1; shared likewise
 */
@SuppressWarnings("ArrayRecordComponent") // large, compared by nobody
public record LabelledScores(int[] labels, double[] scores) {
  /** Fewest cases of each class for a variance. */
  static final int EACH_MIN = 2;

  public LabelledScores {
    if (labels.length != scores.length) {
      throw new IllegalArgumentException(
          "%d labels for %d scores".formatted(labels.length, scores.length));
    }
    for (int i = 0; i < labels.length; i++) {
      if (labels[i] < 0 || labels[i] > 1 || Double.isNaN(scores[i])) {
        throw new IllegalArgumentException(
            "case %d has label %d and score %s; 0 or 1 and a number needed"
                .formatted(i, labels[i], scores[i]));
      }
    }
  }

  /** Number of cases. */
  public int count() {
    return labels.length;
  }

  /** Cases of class 1. */
  public int positives() {
    int positives = 0;
    for (int label : labels) {
      positives += label;
    }
    return positives;
  }

  /** Cases of class 0. */
  public int negatives() {
    return count() - positives();
  }

  /** Whether each class has enough cases for a variance. */
  boolean bothClasses() {
    return positives() >= EACH_MIN && negatives() >= EACH_MIN;
  }

  /** Scores of the cases with the given label, in order. */
  double[] scoresOf(int label) {
    double[] some = new double[label == 1 ? positives() : negatives()];
    int at = 0;
    for (int i = 0; i < labels.length; i++) {
      if (labels[i] == label) {
        some[at++] = scores[i];
      }
    }
    return some;
  }
}
