package org.consilium.coordinator.aggregate;

import java.util.List;
import org.consilium.coordinator.aggregate.rule.ServerRule;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.SafetensorsWriter;

/**
 * The rule of a step, and what it remembers between rounds.
 *
 * @param rule how the mean becomes a step
 * @param number rounds that counted, this one included
 * @param sites N, sites of the study
 * @param before the rule's moments after the last round, in the base's layout; empty before the
 *     first
 * @param after receive the rule's moments after this round, one writer a moment
 */
public record ServerState(
    ServerRule rule,
    int number,
    int sites,
    List<ParameterSource> before,
    List<SafetensorsWriter> after) {
  public ServerState {
    before = List.copyOf(before);
    after = List.copyOf(after);
    int moments = rule.moments();
    if (after.size() != moments || (!before.isEmpty() && before.size() != moments)) {
      throw new IllegalArgumentException(
          "aggregate: %s has %d moments, got %d to read and %d to write"
              .formatted(rule, moments, before.size(), after.size()));
    }
  }
}
