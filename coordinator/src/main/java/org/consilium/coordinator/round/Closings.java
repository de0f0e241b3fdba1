package org.consilium.coordinator.round;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.consilium.coordinator.round.RoundEvent.SiteDeclined;
import org.consilium.coordinator.round.RoundState.Collecting;
import org.consilium.coordinator.round.StudyEvent.Member;
import org.consilium.protocol.SiteId;

/** Sites whose hours ended in the middle of a round. */
final class Closings {
  /** The word that a site itself says. */
  static final String OUTSIDE_HOURS = "OUTSIDE_HOURS";

  private Closings() {}

  /**
   * The next site that the round waits for no longer, if the quorum is there and all that are
   * missing are closed: one that is open may still bring the others' round to its end, and without
   * a quorum a site that opens in time is welcome.
   */
  static Optional<SiteDeclined> next(Collecting c, Predicate<SiteId> closed, Instant now) {
    List<SiteId> awaited =
        c.opening().members().stream().map(Member::site).filter(c::awaits).toList();
    boolean enough = c.accepted().size() >= c.opening().needed();
    return enough && !awaited.isEmpty() && awaited.stream().allMatch(closed)
        ? Optional.of(new SiteDeclined(now, c.place(), awaited.getFirst(), OUTSIDE_HOURS))
        : Optional.empty();
  }
}
