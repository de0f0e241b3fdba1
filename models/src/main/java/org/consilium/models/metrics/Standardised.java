package org.consilium.models.metrics;

import java.util.Optional;

/**
 * How far a window of cases is beyond what its reference allows, in standard deviations of such
 * windows; positive = worse in both. The reference's own level is only an estimate, and an error in
 * it pushes every later window the same way, which a sequential detector adds up to a false alarm
 * (Jones, Champ and Rigdon, Journal of Quality Technology 2004). A window therefore counts from the
 * reference's one-sided 90 % bound on, not from its estimate: quiet windows average about −½.
 *
 * @param aurocZ (reference − allowance − window) / σ, on the scales of {@link Bootstrap}
 * @param logLossZ (window − reference − allowance) / σ
 * @param auroc of the window
 * @param logLoss of the window, in nats
 */
public record Standardised(double aurocZ, double logLossZ, double auroc, double logLoss) {
  /** Least σ: a reference without spread must not make a single case an alarm. */
  public static final double SIGMA_MIN = 1e-3;

  /** Standard errors of the reference that are allowed for: the normal's 90 % quantile. */
  public static final double ALLOWANCE = 1.2816;

  /**
   * Compares a window with reference cases judged by the same model; centre and σ come from a
   * bootstrap of the reference with the window's class counts, the reference's standard error from
   * one with its own.
   *
   * @param seed of the resampling; equal seeds give equal results
   * @return empty if reference or window has fewer than 2 cases of a class
   */
  public static Optional<Standardised> shift(
      LabelledScores reference, LabelledScores window, long seed) {
    if (!window.bothClasses() || !reference.bothClasses()) {
      return Optional.empty();
    }
    Bootstrap still =
        Bootstrap.of(reference, window.positives(), window.negatives(), seed).orElseThrow();
    Bootstrap own =
        Bootstrap.of(reference, reference.positives(), reference.negatives(), ~seed).orElseThrow();
    double auroc = Auroc.area(window.scoresOf(1), window.scoresOf(0));
    double logLoss = ProbabilityScores.logLoss(window);
    double aurocWorse = still.aurocMean() - Bootstrap.aurocScale(auroc);
    double lossWorse = Bootstrap.lossScale(logLoss) - still.lossMean();
    return Optional.of(
        new Standardised(
            (aurocWorse - ALLOWANCE * own.aurocSd()) / Math.max(still.aurocSd(), SIGMA_MIN),
            (lossWorse - ALLOWANCE * own.lossSd()) / Math.max(still.lossSd(), SIGMA_MIN),
            auroc,
            logLoss));
  }
}
