package org.consilium.models.params;

/**
 * Sums of squares in double precision, as four sums side by side: a single one waits for every
 * addition before the next. Not finite if any value is not.
 */
public final class Squares {
  private Squares() {}

  /** Of the values from {@code from} to {@code to - 1}. */
  public static double of(float[] values, int from, int to) {
    double first = 0;
    double second = 0;
    double third = 0;
    double fourth = 0;
    int i = from;
    for (; i <= to - 4; i += 4) {
      first += (double) values[i] * values[i];
      second += (double) values[i + 1] * values[i + 1];
      third += (double) values[i + 2] * values[i + 2];
      fourth += (double) values[i + 3] * values[i + 3];
    }
    for (; i < to; i++) {
      first += (double) values[i] * values[i];
    }
    return first + second + (third + fourth);
  }

  /** The same of whole numbers; each square is rounded to double precision. */
  public static double of(int[] values, int from, int to) {
    double first = 0;
    double second = 0;
    double third = 0;
    double fourth = 0;
    int i = from;
    for (; i <= to - 4; i += 4) {
      first += (double) values[i] * values[i];
      second += (double) values[i + 1] * values[i + 1];
      third += (double) values[i + 2] * values[i + 2];
      fourth += (double) values[i + 3] * values[i + 3];
    }
    for (; i < to; i++) {
      first += (double) values[i] * values[i];
    }
    return first + second + (third + fourth);
  }

  /** The same of values in double precision. */
  public static double of(double[] values, int from, int to) {
    double first = 0;
    double second = 0;
    double third = 0;
    double fourth = 0;
    int i = from;
    for (; i <= to - 4; i += 4) {
      first += values[i] * values[i];
      second += values[i + 1] * values[i + 1];
      third += values[i + 2] * values[i + 2];
      fourth += values[i + 3] * values[i + 3];
    }
    for (; i < to; i++) {
      first += values[i] * values[i];
    }
    return first + second + (third + fourth);
  }
}
