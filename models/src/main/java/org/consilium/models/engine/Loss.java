package org.consilium.models.engine;

/**
 * Cross-entropy and its slope by the logits, in double precision outside the engine: binary with
 * one logit, softmax with more. The engine then only carries the slope back through the network.
 */
final class Loss {
  private Loss() {}

  /** The same, with nothing corrected. */
  static double sum(float[] logits, int[] labels, float[] slope, int share) {
    Correction none = Correction.none(logits.length / labels.length);
    return sum(logits, labels, none, slope, share);
  }

  /**
   * Sum of the examples' losses, in natural units.
   *
   * @param logits [examples, classes]
   * @param labels one an example
   * @param slope gets the derivative of (sum of losses / {@code share}) by each logit
   * @param share examples of the whole step
   */
  static double sum(float[] logits, int[] labels, Correction correction, float[] slope, int share) {
    int classes = logits.length / labels.length;
    double sum = 0;
    for (int example = 0; example < labels.length; example++) {
      double weight = correction.weight()[labels[example]];
      double part = weight / share;
      sum +=
          weight
              * (classes == 1
                  ? binary(
                      logits[example] + correction.shift()[0],
                      labels[example],
                      slope,
                      example,
                      part)
                  : softmax(
                      new Row(logits, correction.shift(), example * classes),
                      labels[example],
                      slope,
                      part));
    }
    return sum;
  }

  /**
   * Binary cross-entropy of one logit.
   *
   * @param slope gets {@code part} times the derivative at {@code at}
   */
  static double binary(double logit, int label, float[] slope, int at, double part) {
    double fall = StrictMath.exp(-Math.abs(logit));
    double probability = logit >= 0 ? 1 / (1 + fall) : fall / (1 + fall);
    slope[at] = (float) ((probability - label) * part);
    return Math.max(logit, 0) - logit * label + StrictMath.log1p(fall);
  }

  /** One example's logits and what is added to them. */
  private record Row(float[] logits, double[] shift, int at) {
    double logit(int c) {
      return logits[at + c] + shift[c];
    }

    int classes() {
      return shift.length;
    }
  }

  private static double softmax(Row row, int label, float[] slope, double part) {
    double top = row.logit(0);
    for (int c = 1; c < row.classes(); c++) {
      top = Math.max(top, row.logit(c));
    }
    double total = 0;
    for (int c = 0; c < row.classes(); c++) {
      total += StrictMath.exp(row.logit(c) - top);
    }
    for (int c = 0; c < row.classes(); c++) {
      double probability = StrictMath.exp(row.logit(c) - top) / total;
      slope[row.at() + c] = (float) ((probability - (c == label ? 1 : 0)) * part);
    }
    return StrictMath.log(total) + top - row.logit(label);
  }
}
