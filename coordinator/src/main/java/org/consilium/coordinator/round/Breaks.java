package org.consilium.coordinator.round;

import java.time.Instant;
import org.consilium.coordinator.aggregate.RoundBroken;
import org.consilium.coordinator.aggregate.RuleUnmet;
import org.consilium.coordinator.aggregate.UnmaskFailed;
import org.consilium.coordinator.aggregate.UpdateBroken;
import org.consilium.coordinator.round.MaskEvent.SharesRefused;
import org.consilium.coordinator.round.MaskEvent.SumRefused;
import org.consilium.coordinator.round.RoundEvent.UpdateLost;
import org.consilium.coordinator.round.RoundState.Aggregating;
import org.consilium.protocol.StudyPlan;

/** What the journal is to say of an aggregation that could not be done. */
final class Breaks {
  private Breaks() {}

  static RoundEvent event(Aggregating a, RoundBroken broken, Instant at, StudyPlan plan) {
    String detail = String.valueOf(broken.getMessage());
    return switch (broken) {
      case UpdateBroken update -> {
        Instant later = at.plus(plan.participation().deadline());
        yield new UpdateLost(at, a.place(), update.site(), detail, later);
      }
      case UnmaskFailed unmask when unmask.givers().isEmpty() ->
          new SumRefused(at, a.place(), detail);
      case UnmaskFailed unmask -> new SharesRefused(at, a.place(), unmask.givers());
      case RuleUnmet unmet -> new RoundEvent.RuleUnmet(at, a.place(), unmet.words());
    };
  }
}
