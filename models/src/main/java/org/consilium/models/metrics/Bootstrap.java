package org.consilium.models.metrics;

import java.util.Arrays;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * What windows of a given make-up show when nothing has changed: AUROC and mean log loss over 1000
 * resamples of reference cases, drawn with replacement within each class. Both are on scales on
 * which their spread hardly depends on their level and their tails are nearly normal: arcsin √AUROC
 * and √log loss (Bartlett, Biometrics 1947). On the plain scales both lean to the worse side, and a
 * window of 60 quiet cases is beyond three deviations one time in fifty.
 *
 * @param aurocMean of arcsin √AUROC, radians
 * @param aurocSd standard deviation over the resamples, as is {@code lossSd}
 * @param lossMean of √log loss, √nats
 */
record Bootstrap(double aurocMean, double aurocSd, double lossMean, double lossSd) {
  /** Number of resamples. */
  static final int RESAMPLES = 1_000;

  /** The scale of an AUROC. */
  static double aurocScale(double auroc) {
    return Math.asin(Math.sqrt(auroc));
  }

  /** The scale of a mean log loss. */
  static double lossScale(double logLoss) {
    return Math.sqrt(logLoss);
  }

  /**
   * Resamples windows with the given number of each class: a window's class balance is thereby
   * taken as given, and a shift of prevalence alone does not count as one of performance.
   *
   * @param positives of the window, at least 1, as {@code negatives}
   * @return empty if the reference has fewer than 2 cases of a class
   */
  static Optional<Bootstrap> of(LabelledScores reference, int positives, int negatives, long seed) {
    if (positives < 1 || negatives < 1) {
      throw new IllegalArgumentException(
          "a window needs both classes, got %d and %d".formatted(positives, negatives));
    }
    if (!reference.bothClasses()) {
      return Optional.empty();
    }
    double[] ladder = Arrays.stream(reference.scores()).sorted().distinct().toArray();
    Drawn positive = Drawn.from(reference.scoresOf(1), 1, ladder);
    Drawn negative = Drawn.from(reference.scoresOf(0), 0, ladder);
    SplittableRandom random = new SplittableRandom(seed);
    double[] aurocs = new double[RESAMPLES];
    double[] losses = new double[RESAMPLES];
    for (int b = 0; b < RESAMPLES; b++) {
      double loss = positive.draw(positives, random, 0);
      loss = negative.draw(negatives, random, loss);
      losses[b] = lossScale(loss / (positives + negatives));
      aurocs[b] = aurocScale(area(positive.counts, negative.counts, positives, negatives));
    }
    double aurocMean = mean(aurocs);
    double lossMean = mean(losses);
    return Optional.of(
        new Bootstrap(
            aurocMean, deviation(aurocs, aurocMean), lossMean, deviation(losses, lossMean)));
  }

  /** One class of the reference, and how often the current resample has each distinct score. */
  @SuppressWarnings("ArrayRecordComponent") // buffers, never compared
  private record Drawn(int[] places, double[] losses, int[] counts) {
    static Drawn from(double[] scores, int label, double[] ladder) {
      int[] places = new int[scores.length];
      double[] losses = new double[scores.length];
      for (int i = 0; i < scores.length; i++) {
        places[i] = Arrays.binarySearch(ladder, scores[i]);
        losses[i] = ProbabilityScores.caseLogLoss(label, scores[i]);
      }
      return new Drawn(places, losses, new int[ladder.length]);
    }

    /** Draws a new resample; returns {@code loss} with its cases' losses added. */
    double draw(int count, SplittableRandom random, double loss) {
      Arrays.fill(counts, 0);
      double sum = loss;
      for (int i = 0; i < count; i++) {
        int at = random.nextInt(places.length);
        counts[places[at]]++;
        sum += losses[at];
      }
      return sum;
    }
  }

  /** Wins of positives over negatives, a tie being half of one, among all pairs. */
  private static double area(int[] positive, int[] negative, int positives, int negatives) {
    double wins = 0;
    long below = 0;
    for (int place = 0; place < positive.length; place++) {
      wins += positive[place] * (below + negative[place] / 2.0);
      below += negative[place];
    }
    return wins / ((double) positives * negatives);
  }

  private static double mean(double[] values) {
    double sum = 0;
    for (double value : values) {
      sum += value;
    }
    return sum / values.length;
  }

  private static double deviation(double[] values, double mean) {
    double squares = 0;
    for (double value : values) {
      squares += (value - mean) * (value - mean);
    }
    return Math.sqrt(squares / (values.length - 1));
  }
}
