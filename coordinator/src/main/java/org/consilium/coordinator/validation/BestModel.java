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

  /** The best scored version: the metric, then the lower loss, then the earlier round. */
  public static Optional<Candidate> choose(String select, Collection<Candidate> candidates) {
    double sign = ReportScore.higherIsBetter(select) ? -1 : 1;
    return candidates.stream()
        .filter(c -> c.score().isPresent())
        .min(
            Comparator.<Candidate>comparingDouble(c -> sign * c.score().orElseThrow())
                .thenComparingDouble(c -> c.loss().orElse(Double.POSITIVE_INFINITY))
                .thenComparingInt(Candidate::round));
  }
}
