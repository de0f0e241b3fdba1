package org.consilium.protocol;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What one site releases about one model version: metrics with intervals and rounded counts. A
 * suppressed number is absent, never zero.
 *
 * @param round study and round
 * @param window monitoring window counted from 1; 0 in a round
 * @param model the version that was judged
 * @param holdoutBucket lower edge of the bucket that the hold-out count falls in; 0 is suppressed
 * @param windowBucket likewise for the window's recent cases
 * @param measures released numbers, no two for the same thing
 * @param kept the model that the site keeps for its own use; absent when suppressed or not asked
 *     for
 */
public record ValidationReport(
    RoundId round,
    int window,
    ModelVersion model,
    int holdoutBucket,
    int windowBucket,
    List<Measure> measures,
    Optional<Subject> kept) {

  public ValidationReport {
    measures = List.copyOf(measures);
    StudyPlan.check(
        window >= 0 && window <= Limits.WINDOWS_MAX,
        "window must be 0-" + Limits.WINDOWS_MAX,
        window);
    StudyPlan.check(
        measures.size() <= Limits.MEASURES_MAX,
        "measures must be at most " + Limits.MEASURES_MAX,
        measures.size());
    StudyPlan.check(
        holdoutBucket >= 0 && windowBucket >= 0, "buckets must not be negative", holdoutBucket);
    Set<String> seen = new HashSet<>();
    for (Measure m : measures) {
      StudyPlan.check(
          seen.add(m.subject() + "/" + m.cases() + "/" + m.quantity()), "measure given twice", m);
    }
  }

  /** Without a model that is kept. */
  public ValidationReport(
      RoundId round,
      int window,
      ModelVersion model,
      int holdoutBucket,
      int windowBucket,
      List<Measure> measures) {
    this(round, window, model, holdoutBucket, windowBucket, measures, Optional.empty());
  }

  /** The measure of a quantity, or nothing when it was suppressed or not asked for. */
  public Optional<Measure> find(Subject subject, Cases cases, Quantity quantity) {
    return measures.stream()
        .filter(m -> m.subject() == subject && m.cases() == cases && m.quantity() == quantity)
        .findFirst();
  }

  /** Whose predictions were judged. */
  public enum Subject {
    /** The published global model. */
    GLOBAL,
    /** The model that the site trained on its own data alone. */
    LOCAL_ONLY,
    /** The round's global model after this site's local training. */
    LOCAL_TRAINED,
    /** The model that the site made for itself beside the shared one. */
    PERSONAL
  }

  /** On which cases. */
  public enum Cases {
    /** The site's fixed hold-out. */
    HOLDOUT,
    /** Recent cases of this window. */
    WINDOW
  }

  /** What was measured. */
  public enum Quantity {
    AUROC,
    LOG_LOSS,
    CALIBRATION_ERROR,
    /** Window beyond the hold-out's 90 % bound, in bootstrap deviations; positive is worse. */
    AUROC_SHIFT,
    /** Likewise for the log loss. */
    LOG_LOSS_SHIFT,
    DICE,
    /** 95th percentile of the distance between two surfaces, pixels. */
    SURFACE_DISTANCE
  }

  /**
   * One released number.
   *
   * @param value the estimate
   * @param low lower end of the 95 % interval; equal to value where none is given
   * @param high upper end
   */
  public record Measure(
      Subject subject, Cases cases, Quantity quantity, double value, double low, double high) {
    public Measure {
      StudyPlan.check(
          Double.isFinite(value) && Double.isFinite(low) && Double.isFinite(high),
          "measure must be finite: " + quantity,
          value);
      StudyPlan.check(
          low <= value && value <= high, "interval must hold the value: " + quantity, value);
      if (quantity == Quantity.AUROC
          || quantity == Quantity.DICE
          || quantity == Quantity.CALIBRATION_ERROR) {
        StudyPlan.check(low >= 0 && high <= 1, quantity + " must be in [0, 1]", value);
      }
    }
  }
}
