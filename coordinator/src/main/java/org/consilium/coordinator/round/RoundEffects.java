package org.consilium.coordinator.round;

import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import org.consilium.coordinator.aggregate.RoundBroken;
import org.consilium.coordinator.aggregate.robust.Handling;
import org.consilium.coordinator.round.RoundEvent.ModelPublished;
import org.consilium.coordinator.round.RoundState.Aggregating;
import org.consilium.coordinator.round.StudyEvent.Member;
import org.consilium.coordinator.round.StudyEvent.Model;
import org.consilium.protocol.Digest;
import org.consilium.protocol.SiteId;

/** What a round needs of the world; called by the loop's own thread only. */
public interface RoundEffects {
  /**
   * The next model, on disk.
   *
   * @param nextExponents scale table of the round after this one
   * @param moments SHA-256 of the files that hold the rule's moments after this round
   * @param handlings what a robust rule did with each update; empty without a rule
   */
  record Made(
      Model model,
      List<Integer> nextExponents,
      List<Digest> moments,
      SortedMap<SiteId, Handling> handlings) {
    public Made {
      nextExponents = List.copyOf(nextExponents);
      moments = List.copyOf(moments);
    }

    ModelPublished published(Instant at, RoundEvent.Place place, Instant deadline) {
      return new ModelPublished(at, place, model, nextExponents, moments, handlings, deadline);
    }
  }

  /** Whether and with whom a round can be opened now. */
  sealed interface Opportunity {}

  /** A round can be opened. */
  record Ready(List<Member> members, List<Integer> scaleExponents) implements Opportunity {
    public Ready {
      members = List.copyOf(members);
      scaleExponents = List.copyOf(scaleExponents);
    }
  }

  /** Not now; {@code why} is for people. */
  record NotNow(String why) implements Opportunity {}

  /** Picks the roster and looks at the disk. */
  Opportunity opportunity(StudyState state) throws IOException;

  /** Whether a member may still take part, with the key that it had when the round was opened. */
  boolean enrolled(Member member);

  /** Whether a site is connected, or was a moment ago. */
  boolean present(SiteId site);

  /** Whether a site's own hours are over: a round that has its quorum does not wait for it. */
  default boolean closed(SiteId site) {
    return false;
  }

  /** Sites to watch in the next window, sorted. */
  List<SiteId> watchable(StudyState state);

  /**
   * Aggregates and publishes; the same bytes each time it is asked.
   *
   * @throws RoundBroken if an accepted update no longer opens, the masks do not come off, or the
   *     updates do not do for the plan's robust rule
   */
  Made make(StudyState state, Aggregating round) throws RoundBroken, IOException;

  /** An event was journaled and applied. */
  void applied(Optional<StudyState> before, StudyEvent event, StudyState after);

  /** The loop stopped; the process should stop and recover by replay. */
  void stopped(Exception cause);
}
