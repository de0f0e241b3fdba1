package org.consilium.coordinator.study;

import java.io.IOException;
import java.util.Optional;
import org.consilium.coordinator.intake.Spool;
import org.consilium.coordinator.round.Opening;
import org.consilium.coordinator.round.RoundEvent;
import org.consilium.coordinator.round.RoundState;
import org.consilium.coordinator.round.RoundState.Abandoned;
import org.consilium.coordinator.round.StudyEvent;
import org.consilium.coordinator.round.StudyEvent.InRound;
import org.consilium.coordinator.round.StudyMachine;
import org.consilium.coordinator.round.StudyState;
import org.consilium.protocol.RoundId;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyId;
import org.consilium.security.seal.AggregationKey;

/**
 * Keeps one study's room on disk bounded: one attempt's spools, the few versions anyone still asks
 * for, no key after the end. While a backup is made, nothing is removed; the next event after it
 * makes up for that. One thread at a time.
 */
final class Upkeep {
  private final Surroundings around;
  private final StudyEffects.Stores stores;
  private final StudyId study;
  private boolean behind;

  Upkeep(Surroundings around, StudyEffects.Stores stores, StudyId study) {
    this.around = around;
    this.stores = stores;
    this.study = study;
  }

  /** Removes what an event made useless. */
  void after(
      Optional<StudyState> before, StudyEvent event, StudyState after, Optional<AggregationKey> key)
      throws IOException {
    if (event instanceof InRound(RoundEvent.SiteRemoved(_, var place, SiteId site))) {
      RoundId round = new RoundId(study, place.number());
      stores.intake().discard(new Spool.Place(round, place.attempt(), site));
    }
    if (event instanceof InRound(RoundEvent.UpdateLost lost)) {
      RoundId round = new RoundId(study, lost.place().number());
      stores.intake().discard(new Spool.Place(round, lost.place().attempt(), lost.site()));
    }
    boolean opens = event instanceof StudyEvent.RoundOpened; // what a crash left undone
    boolean over = opens || after.history().size() > before.map(s -> s.history().size()).orElse(0);
    if (over
        && !after.history().isEmpty()
        && after.history().getLast() instanceof Abandoned nothing) {
      Opening opening = nothing.opening();
      stores.spool().release(new RoundId(study, opening.number()), opening.attempt());
    }
    if (!stores.hold().enter()) {
      behind = true;
      return;
    }
    try {
      boolean published = event instanceof InRound(RoundEvent.ModelPublished _);
      spools(after, opens || published || behind);
      KeptVersions.tidy(stores.models(), after);
      end(after, key);
      behind = false;
    } finally {
      stores.hold().leave();
    }
  }

  /** Removes what a study that is over no longer needs. */
  void sweep(StudyState over, Optional<AggregationKey> key) throws IOException {
    if (StudyMachine.over(over) && stores.hold().enter()) {
      try {
        spools(over, true);
        KeptVersions.tidy(stores.models(), over);
        end(over, key);
      } finally {
        stores.hold().leave();
      }
    }
  }

  /** All attempts but the open one; those before it in the store, where others may be ahead. */
  private void spools(StudyState after, boolean changed) throws IOException {
    Optional<Opening> open =
        after
            .current()
            .filter(
                r ->
                    r instanceof RoundState.Collecting
                        || r instanceof RoundState.Unmasking
                        || r instanceof RoundState.Aggregating)
            .flatMap(RoundState::start);
    if (open.isEmpty()) {
      stores.intake().keepOnly(study, Optional.empty(), 0);
    } else if (changed) {
      RoundId round = new RoundId(study, open.get().number());
      stores.intake().keepOnly(study, Optional.of(round), open.get().attempt());
    }
    if (changed && open.isPresent()) {
      stores.spool().retire(study, open.get().number(), open.get().attempt());
    } else if (changed) {
      // The latest version's own round is over, and those before it.
      stores.spool().retire(study, after.latest().round() + 1, 0);
    }
  }

  private void end(StudyState after, Optional<AggregationKey> key) throws IOException {
    if (StudyMachine.over(after)) {
      stores.spool().retire(study, Integer.MAX_VALUE, 0);
    }
    // Updates that an earlier run of the program kept are opened with the key, until people say so.
    if (StudyMachine.over(after)
        && around.retention() == Retention.DROP
        && !stores.spool().keeps(study)) {
      AggregationKeys.of(around).destroy(study);
      key.ifPresent(AggregationKey::close);
    }
  }
}
