package org.consilium.site.validate;

import java.util.List;
import java.util.Optional;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.RoundId;
import org.consilium.protocol.ValidationReport.Cases;
import org.consilium.protocol.ValidationReport.Quantity;
import org.consilium.protocol.ValidationReport.Subject;

/**
 * What a site found about one model version, in full precision and with exact counts: not for
 * release.
 *
 * @param round study and round
 * @param window monitoring window; 0 in a round
 * @param model the version judged
 * @param holdout cases of each class in the hold-out
 * @param recent cases of each class in the window, when there are any
 * @param values what was measured
 * @param kept the model that this site keeps for its own use, if it chose one
 */
public record Findings(
    RoundId round,
    int window,
    ModelVersion model,
    Counts holdout,
    Optional<Counts> recent,
    List<Finding> values,
    Optional<Subject> kept) {
  public Findings {
    values = List.copyOf(values);
  }

  /** Without a choice. */
  public Findings(
      RoundId round,
      int window,
      ModelVersion model,
      Counts holdout,
      Optional<Counts> recent,
      List<Finding> values) {
    this(round, window, model, holdout, recent, values, Optional.empty());
  }

  /** The same with the model that this site keeps. */
  Findings keeping(Subject chosen) {
    return new Findings(round, window, model, holdout, recent, values, Optional.of(chosen));
  }

  /**
   * Exact numbers of cases.
   *
   * @param perClass one number a class
   */
  public record Counts(List<Integer> perClass) {
    public Counts {
      perClass = List.copyOf(perClass);
    }

    /** All cases. */
    public int total() {
      return perClass.stream().mapToInt(Integer::intValue).sum();
    }

    /** Cases of the rarest class; 0 without classes. */
    public int least() {
      return perClass.stream().mapToInt(Integer::intValue).min().orElse(0);
    }
  }

  /** One number with its 95 % interval; both ends equal to the value where there is none. */
  public record Finding(
      Subject subject, Cases cases, Quantity quantity, double value, double low, double high) {
    static Finding plain(Subject subject, Cases cases, Quantity quantity, double value) {
      return new Finding(subject, cases, quantity, value, value, value);
    }
  }
}
