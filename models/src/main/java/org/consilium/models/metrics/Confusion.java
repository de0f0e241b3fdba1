package org.consilium.models.metrics;

/**
 * How a threshold sorts the cases of a two-class problem.
 *
 * @param truePositives positives called positive
 * @param falsePositives negatives called positive
 * @param trueNegatives negatives called negative
 * @param falseNegatives positives called negative
 */
public record Confusion(
    int truePositives, int falsePositives, int trueNegatives, int falseNegatives) {
  public Confusion {
    if (Math.min(Math.min(truePositives, falsePositives), Math.min(trueNegatives, falseNegatives))
        < 0) {
      throw new IllegalArgumentException("a count is negative");
    }
  }

  /** Counts at a threshold: a score at or above it is called positive. */
  public static Confusion at(double threshold, LabelledScores cases) {
    int[] counts = new int[4];
    for (int i = 0; i < cases.count(); i++) {
      counts[2 * cases.labels()[i] + (cases.scores()[i] >= threshold ? 1 : 0)]++;
    }
    return new Confusion(counts[3], counts[1], counts[0], counts[2]);
  }

  /** Number of cases. */
  public int count() {
    return truePositives + falsePositives + trueNegatives + falseNegatives;
  }

  /** Share of cases called rightly; NaN without cases. */
  public double accuracy() {
    return (double) (truePositives + trueNegatives) / count();
  }

  /** Wilson's interval of {@link #accuracy}; at least one case needed. */
  public Interval accuracyInterval() {
    return Interval.wilson((long) truePositives + trueNegatives, count());
  }

  /** Share of positives called positive; NaN without positives. */
  public double sensitivity() {
    return (double) truePositives / (truePositives + falseNegatives);
  }

  /** Share of negatives called negative; NaN without negatives. */
  public double specificity() {
    return (double) trueNegatives / (trueNegatives + falsePositives);
  }

  /** Wilson's interval of {@link #sensitivity}; at least one positive needed. */
  public Interval sensitivityInterval() {
    return Interval.wilson(truePositives, (long) truePositives + falseNegatives);
  }

  /** Wilson's interval of {@link #specificity}; at least one negative needed. */
  public Interval specificityInterval() {
    return Interval.wilson(trueNegatives, (long) trueNegatives + falsePositives);
  }

  /** Mean of sensitivity and specificity. */
  public double balancedAccuracy() {
    return (sensitivity() + specificity()) / 2;
  }

  /**
   * Interval of {@link #balancedAccuracy}, from the two Wilson intervals by variance recovery (Zou
   * and Donner 2008, eq. 3); cases of both classes needed.
   */
  public Interval balancedAccuracyInterval() {
    Interval se = sensitivityInterval();
    Interval sp = specificityInterval();
    double down = Math.hypot(sensitivity() - se.lower(), specificity() - sp.lower()) / 2;
    double up = Math.hypot(se.upper() - sensitivity(), sp.upper() - specificity()) / 2;
    return new Interval(
        Math.max(0, balancedAccuracy() - down), Math.min(1, balancedAccuracy() + up));
  }
}
