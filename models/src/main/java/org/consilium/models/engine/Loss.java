package org.consilium.models.engine;

/**
 * Cross-entropy and its slope by the logits, in double precision outside the engine: binary with
 * one logit, softmax with more. The engine then only carries the slope back through the network.
 */
final class Loss {
  private Loss() {}

  /**
   * Sum of the examples' losses, in natural units.
   *
   * @param logits [examples, classes]
   * @param labels one an example
   * @param slope gets the derivative of (sum of losses / {@code share}) by each logit
   * @param share examples of the whole step
   */
  static double sum(float[] logits, int[] labels, float[] slope, int share) {
    int classes = logits.length / labels.length;
    double sum = 0;
    for (int example = 0; example < labels.length; example++) {
      sum +=
          classes == 1
              ? binary(logits[example], labels[example], slope, example, share)
              : softmax(logits, labels[example], slope, new Row(example * classes, classes), share);
    }
    return sum;
  }

  private static double binary(float logit, int label, float[] slope, int at, int share) {
    double fall = StrictMath.exp(-Math.abs(logit));
    double probability = logit >= 0 ? 1 / (1 + fall) : fall / (1 + fall);
    slope[at] = (float) ((probability - label) / share);
    return Math.max(logit, 0) - (double) logit * label + StrictMath.log1p(fall);
  }

  /** Where one example's logits stand. */
  private record Row(int at, int classes) {}

  private static double softmax(float[] logits, int label, float[] slope, Row row, int share) {
    int at = row.at();
    double top = logits[at];
    for (int c = 1; c < row.classes(); c++) {
      top = Math.max(top, logits[at + c]);
    }
    double total = 0;
    for (int c = 0; c < row.classes(); c++) {
      total += StrictMath.exp(logits[at + c] - top);
    }
    for (int c = 0; c < row.classes(); c++) {
      double probability = StrictMath.exp(logits[at + c] - top) / total;
      slope[at + c] = (float) ((probability - (c == label ? 1 : 0)) / share);
    }
    return StrictMath.log(total) + top - logits[at + label];
  }
}
