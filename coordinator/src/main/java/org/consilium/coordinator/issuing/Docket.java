package org.consilium.coordinator.issuing;

import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.consilium.coordinator.consortium.MotionStanding;
import org.consilium.coordinator.journal.Actors;
import org.consilium.coordinator.journal.JournalEntry;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.roster.Ballot;
import org.consilium.security.roster.Decision;
import org.consilium.security.roster.Motion;
import org.consilium.security.roster.RosterRefused;

/** Motions that wait for signatures and those that were carried; rebuilt from events. */
final class Docket {
  /** Name of the journal stream. */
  static final String STREAM = "motions";

  private static final String SIGNED = "Signed";
  private static final String CARRIED = "Carried";

  private final Map<Fingerprint, Decision> waiting = new LinkedHashMap<>();
  private final Map<Fingerprint, Decision> carried = new HashMap<>();

  /** What is known of a motion so far. */
  Decision waiting(Motion motion) {
    return waiting.getOrDefault(motion.id(), Decision.open(motion));
  }

  Optional<Decision> carried(Motion motion) {
    return Optional.ofNullable(carried.get(motion.id()));
  }

  /** Motions that may still be signed. */
  List<Decision> open(Instant now) {
    return waiting.values().stream().filter(d -> now.isBefore(d.motion().expiry())).toList();
  }

  static JournalEntry.Event signed(Ballot ballot) {
    return new JournalEntry.Event(
        STREAM,
        SIGNED,
        ballot.motion().id() + ":" + ballot.person(),
        new Decision(ballot.motion(), List.of(ballot)).encoded(),
        Actors.person(ballot.person()));
  }

  static JournalEntry.Event carried(Decision decision) {
    return new JournalEntry.Event(
        STREAM,
        CARRIED,
        "carried:" + decision.id(),
        decision.encoded(),
        Actors.person(decision.signatures().getLast().person()));
  }

  /** Takes an event in; a decision if one was carried by it. */
  Optional<Decision> apply(JournalEntry.Event event) {
    Decision decision;
    try {
      decision = Decision.decode(event.body());
    } catch (RosterRefused broken) {
      throw new IllegalStateException("journal stream motions: " + event.key(), broken);
    }
    Fingerprint id = decision.id();
    if (event.type().equals(CARRIED)) {
      var _ = waiting.remove(id);
      carried.put(id, decision);
      return Optional.of(decision);
    }
    var _ =
        waiting.merge(
            id,
            decision,
            (known, one) ->
                new Decision(
                    known.motion(),
                    java.util.stream.Stream.concat(
                            known.signatures().stream(), one.signatures().stream())
                        .toList()));
    return Optional.empty();
  }

  static MotionStanding standing(Decision decision, boolean carried) {
    return new MotionStanding(
        decision.motion(), decision.signatures().stream().map(Ballot::person).toList(), carried);
  }
}
