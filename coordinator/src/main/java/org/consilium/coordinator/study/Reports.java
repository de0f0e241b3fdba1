package org.consilium.coordinator.study;

import java.util.Map;
import org.consilium.coordinator.round.RoundState;
import org.consilium.coordinator.round.RoundState.Abandoned;
import org.consilium.coordinator.round.RoundState.Aggregating;
import org.consilium.coordinator.round.RoundState.Closed;
import org.consilium.coordinator.round.RoundState.Collecting;
import org.consilium.coordinator.round.RoundState.Unmasking;
import org.consilium.coordinator.round.RoundState.Validating;
import org.consilium.coordinator.round.RoundState.Watched;
import org.consilium.coordinator.round.RoundState.Watching;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.ValidationReport;

/** The reports of a round or window, in whatever state it is. */
final class Reports {
  private Reports() {}

  static Map<SiteId, ValidationReport> of(RoundState round) {
    return switch (round) {
      case Validating v -> v.reports();
      case Closed c -> c.reports();
      case Watching w -> w.reports();
      case Watched w -> w.reports();
      case Collecting _, Unmasking _, Aggregating _, Abandoned _ -> Map.of();
    };
  }
}
