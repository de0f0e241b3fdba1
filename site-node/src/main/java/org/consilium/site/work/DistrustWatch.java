package org.consilium.site.work;

import java.util.Optional;
import org.consilium.site.policy.Judgement;

/** Tells people when the coordinator's audit log stands refused, and when they have decided. */
final class DistrustWatch {
  private boolean stood;

  /** Looks; true when a refusal stands that did not at the last look: what runs must stop. */
  boolean begins(Tools tools) {
    Optional<Judgement.Refused> refused = tools.distrust();
    boolean begins = refused.isPresent() && !stood;
    if (begins) {
      tools
          .log()
          .accept(
              "AUDIT REFUSED, no task of this coordinator is done until people decide (consilium"
                  + " node audit): "
                  + refused.get().detail());
    } else if (refused.isEmpty() && stood) {
      tools.log().accept("people have decided about the audit log: work goes on");
    }
    stood = refused.isPresent();
    return begins;
  }
}
