package org.consilium.models.metrics;

import java.util.Optional;

/**
 * How far a window of cases is from the reference, in standard deviations of such windows; positive
 * = worse in both.
 *
 * @param aurocZ (reference - window) / σ
 * @param logLossZ (window - reference) / σ
 * @param auroc of the window
 * @param logLoss of the window, in nats
 */
public record Standardised(double aurocZ, double logLossZ, double auroc, double logLoss) {
  /** Least σ: a reference without spread must not make a single case an alarm. */
  public static final double SIGMA_MIN = 1e-3;

  /**
   * Compares a window with reference cases judged by the same model; centre and σ come from {@link
   * Bootstrap} with the window's class counts.
   *
   * @param seed of the resampling; equal seeds give equal results
   * @return empty if reference or window has fewer than 2 cases of a class
   */
  public static Optional<Standardised> shift(
      LabelledScores reference, LabelledScores window, long seed) {
    if (!window.bothClasses()) {
      return Optional.empty();
    }
    double auroc = Auroc.area(window.scoresOf(1), window.scoresOf(0));
    double logLoss = ProbabilityScores.logLoss(window);
    return Bootstrap.of(reference, window.positives(), window.negatives(), seed)
        .map(
            still ->
                new Standardised(
                    (still.aurocMean() - auroc) / Math.max(still.aurocSd(), SIGMA_MIN),
                    (logLoss - still.logLossMean()) / Math.max(still.logLossSd(), SIGMA_MIN),
                    auroc,
                    logLoss));
  }
}
