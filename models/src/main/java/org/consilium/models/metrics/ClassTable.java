package org.consilium.models.metrics;

import java.util.Arrays;

/**
 * How often each class was called what, for two classes or more.
 *
 * @param counts cases by true class and called class; shared, not copied
 */
@SuppressWarnings("ArrayRecordComponent") // compared by nobody
public record ClassTable(int[][] counts) {
  public ClassTable {
    for (int[] row : counts) {
      if (row.length != counts.length || Arrays.stream(row).anyMatch(count -> count < 0)) {
        throw new IllegalArgumentException(
            "class table must be square and not negative, has %d rows".formatted(counts.length));
      }
    }
  }

  /**
   * The table of predictions: each case is called the class of the largest value; with one value a
   * case, class 1 where it is 0 or more.
   *
   * @param labels true classes from 0
   * @param logits one a case, or one a case and class
   * @param outputs values a case, at least 1
   */
  public static ClassTable of(int[] labels, double[] logits, int outputs) {
    if ((long) labels.length * outputs != logits.length) {
      throw new IllegalArgumentException(
          "%d logits for %d cases of %d outputs".formatted(logits.length, labels.length, outputs));
    }
    int classes = Math.max(2, outputs);
    int[][] counts = new int[classes][classes];
    for (int i = 0; i < labels.length; i++) {
      int called = outputs == 1 && logits[i] >= 0 ? 1 : 0;
      for (int c = 1; c < outputs; c++) {
        called = logits[i * outputs + c] > logits[i * outputs + called] ? c : called;
      }
      counts[labels[i]][called]++;
    }
    return new ClassTable(counts);
  }

  /** Number of cases. */
  public int count() {
    return Arrays.stream(counts).mapToInt(row -> Arrays.stream(row).sum()).sum();
  }

  private int right() {
    int right = 0;
    for (int c = 0; c < counts.length; c++) {
      right += counts[c][c];
    }
    return right;
  }

  /** Share of cases called rightly; NaN without cases. */
  public double accuracy() {
    return (double) right() / count();
  }

  /** Wilson's interval of {@link #accuracy}; at least one case needed. */
  public Interval accuracyInterval() {
    return Interval.wilson(right(), count());
  }

  /** Whether every class has a case, which the balanced accuracy needs. */
  public boolean everyClass() {
    return Arrays.stream(counts).allMatch(row -> Arrays.stream(row).sum() > 0);
  }

  /** Mean over the classes of the share called rightly; NaN if a class has no case. */
  public double balancedAccuracy() {
    double sum = 0;
    for (int c = 0; c < counts.length; c++) {
      sum += (double) counts[c][c] / Arrays.stream(counts[c]).sum();
    }
    return sum / counts.length;
  }

  /**
   * Interval of {@link #balancedAccuracy}, from the Wilson intervals of the classes by variance
   * recovery (Zou and Donner 2008, eq. 3); cases of every class needed.
   */
  public Interval balancedAccuracyInterval() {
    double down = 0;
    double up = 0;
    for (int c = 0; c < counts.length; c++) {
      int cases = Arrays.stream(counts[c]).sum();
      double share = (double) counts[c][c] / cases;
      Interval interval = Interval.wilson(counts[c][c], cases);
      down = Math.hypot(down, share - interval.lower());
      up = Math.hypot(up, interval.upper() - share);
    }
    double mean = balancedAccuracy();
    return new Interval(
        Math.max(0, mean - down / counts.length), Math.min(1, mean + up / counts.length));
  }
}
