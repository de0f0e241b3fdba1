package org.consilium.coordinator.validation;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/** Which version a study releases. */
public final class BestModel {
  private BestModel() {}

  /**
   * A version that could be chosen.
   *
   * @param round the round that made it
   * @param score mean of the selecting metric
   * @param loss mean log loss, for ties; absent is worst
   */
  public record Candidate(int round, Optional<Double> score, Optional<Double> loss) {}

  /**
   * The best scored version: the metric, then the lower loss, then the earlier round. Released
   * metrics are rounded, so that ties are common.
   *
   * @param calibrated whether the models' probabilities are meant for the sites' own cases; if not,
   *     a loss says nothing, and of equal versions the last is taken
   */
  public static Optional<Candidate> choose(
      String select, boolean calibrated, Collection<Candidate> candidates) {
    double sign = ReportScore.higherIsBetter(select) ? -1 : 1;
    return candidates.stream()
        .filter(c -> c.score().isPresent())
        .min(
            Comparator.<Candidate>comparingDouble(c -> sign * c.score().orElseThrow())
                .thenComparingDouble(
                    c -> calibrated ? c.loss().orElse(Double.POSITIVE_INFINITY) : -c.round())
                .thenComparingInt(Candidate::round));
  }
}
