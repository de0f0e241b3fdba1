package org.consilium.coordinator.round;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.consilium.coordinator.round.RoundEvent.Place;
import org.consilium.coordinator.round.StudyEvent.Member;
import org.consilium.coordinator.round.StudyEvent.Model;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.SiteId;

/** A round of three sites, for tests of every order of their messages. */
final class ThreeSites {
  static final Instant T = Instant.parse("2026-03-01T08:00:00Z");
  static final List<SiteId> SITES =
      List.of(new SiteId("site-a"), new SiteId("site-b"), new SiteId("site-c"));
  static final Digest SOME = Digest.sha256(new byte[] {1});
  static final Model MODEL = new Model(new ModelVersion(SOME), 1000);
  static final Place PLACE = new Place(1, 1);
  static final int QUORUM = 2;

  private ThreeSites() {}

  /** The first attempt at round 1, with weights that all are 100. */
  static Opening opening(int threshold) {
    return new Opening(
        1,
        1,
        MODEL,
        SITES.stream().map(s -> new Member(s, SOME, 100, 0)).toList(),
        QUORUM,
        100,
        List.of(3),
        T,
        T.plusSeconds(600),
        threshold);
  }

  /** The state after an event; empty when it cannot happen. */
  static Optional<RoundState> next(RoundState state, RoundEvent event) {
    try {
      return Optional.of(RoundMachine.next(state, event));
    } catch (IllegalStateException illegal) {
      return Optional.empty();
    }
  }
}
