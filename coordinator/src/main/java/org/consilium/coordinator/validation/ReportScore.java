package org.consilium.coordinator.validation;

import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.consilium.protocol.ValidationReport;
import org.consilium.protocol.ValidationReport.Cases;
import org.consilium.protocol.ValidationReport.Measure;
import org.consilium.protocol.ValidationReport.Quantity;
import org.consilium.protocol.ValidationReport.Subject;

/** How good the sites find a model version, in one number. */
public final class ReportScore {
  private ReportScore() {}

  /**
   * Mean over the sites of a metric of the global model on the hold-out; each site counts once,
   * sites that suppressed it not at all. Summed in ascending order of value, so that the order in
   * which reports came does not show.
   *
   * @param select {@code auroc}, {@code dice} (more is better) or {@code loss} (less is better)
   */
  public static Optional<Double> of(String select, Collection<ValidationReport> reports) {
    Quantity quantity = quantity(select);
    List<Double> values =
        reports.stream()
            .flatMap(r -> r.find(Subject.GLOBAL, Cases.HOLDOUT, quantity).stream())
            .map(Measure::value)
            .sorted()
            .toList();
    if (values.isEmpty()) {
      return Optional.empty();
    }
    double sum = 0;
    for (double value : values) {
      sum += value;
    }
    return Optional.of(sum / values.size());
  }

  /** Whether a larger value of the selecting metric is the better one. */
  public static boolean higherIsBetter(String select) {
    return switch (select) {
      case "auroc", "dice" -> true;
      case "loss" -> false;
      default ->
          throw new IllegalArgumentException("select must be auroc, dice or loss: " + select);
    };
  }

  /** What a selecting metric is in a report. */
  public static Quantity quantity(String select) {
    return switch (select) {
      case "auroc" -> Quantity.AUROC;
      case "dice" -> Quantity.DICE;
      case "loss" -> Quantity.LOG_LOSS;
      default ->
          throw new IllegalArgumentException("select must be auroc, dice or loss: " + select);
    };
  }
}
