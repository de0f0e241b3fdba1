package org.consilium.coordinator.round;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.consilium.coordinator.aggregate.robust.Handling;
import org.consilium.coordinator.aggregate.robust.Handling.What;
import org.consilium.coordinator.round.StudyState.Published;
import org.consilium.protocol.SiteId;

/**
 * Sites that a robust rule left out as the most unlike: an outlier is often the children's hospital
 * or the one with the rare scanner, so that leaving the same one out again is for a person to
 * decide.
 */
final class Exclusions {
  private Exclusions() {}

  /**
   * What a person is asked after the latest version, if a site was left out for the second round
   * running. A site that is left out ever after is not asked about again: the study went on because
   * a person had it resumed.
   */
  static Optional<String> question(StudyState state) {
    int faulty = state.plan().protection().exposure().robustRule().faulty();
    List<Published> models = state.models();
    int last = models.size() - 1;
    Set<SiteId> now = new TreeSet<>(leftOut(models.get(last), faulty));
    now.retainAll(last >= 1 ? leftOut(models.get(last - 1), faulty) : Set.of());
    if (last >= 2) {
      now.removeAll(leftOut(models.get(last - 2), faulty));
    }
    return now.isEmpty()
        ? Optional.empty()
        : Optional.of(
            "%s left out of rounds %d and %d as unlike all others; resume the study to go on so, or stop it"
                .formatted(
                    now.stream().map(SiteId::value).collect(Collectors.joining(", ")),
                    models.get(last).round() - 1,
                    models.get(last).round()));
  }

  /**
   * The dropped sites with the highest measure, at most as many as the plan takes for faulty: Krum
   * drops more than those, only to be sure.
   */
  static Set<SiteId> leftOut(Published version, int faulty) {
    return version.handlings().entrySet().stream()
        .filter(e -> e.getValue().what() == What.DROPPED)
        .sorted(
            Comparator.<Map.Entry<SiteId, Handling>>comparingDouble(e -> -e.getValue().value())
                .thenComparing(Map.Entry::getKey))
        .limit(faulty)
        .map(Map.Entry::getKey)
        .collect(Collectors.toUnmodifiableSet());
  }
}
