package org.consilium.sim.virtual.part;

import java.io.IOException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.consilium.coordinator.aggregate.AggregationTask;
import org.consilium.coordinator.aggregate.Aggregator;
import org.consilium.coordinator.aggregate.SealedDelta;
import org.consilium.coordinator.journal.InMemoryJournal;
import org.consilium.coordinator.journal.Journal;
import org.consilium.coordinator.journal.JournalConflict;
import org.consilium.coordinator.journal.JournalEntry;
import org.consilium.sim.virtual.Weakness;

/** Broken variants of the product, for tests of the checker alone. */
final class Tampering {
  private Tampering() {}

  /** An aggregator that counts wrongly, if that is the weakness. */
  static Aggregator aggregator(Weakness weakness, Aggregator real) {
    return switch (weakness) {
      case COUNTS_TWICE -> task -> real.aggregate(with(task, twice(task.updates())));
      case LEAVES_ONE_OUT ->
          task -> real.aggregate(with(task, task.updates().subList(1, task.updates().size())));
      case NONE,
          ACKNOWLEDGES_EARLY,
          FORGETS_TO_FORCE,
          SITE_FORGETS_TO_FORCE,
          SITE_FORGETS_NAMES,
          SIGNS_TWICE,
          REUSES_ROUNDS,
          SEALS_ANEW,
          REWRITES_HISTORY,
          NEVER_WAKES ->
          real;
    };
  }

  private static List<SealedDelta> twice(List<SealedDelta> updates) {
    List<SealedDelta> more = new ArrayList<>(updates);
    more.add(updates.getFirst());
    return more;
  }

  private static AggregationTask with(AggregationTask task, List<SealedDelta> updates) {
    return new AggregationTask(
        task.base(),
        updates,
        task.terms(),
        task.scaleExponents(),
        task.state(),
        task.removal(),
        task.robust(),
        task.noise(),
        task.out());
  }

  /** The journal as it was before its last round was opened. */
  static Journal older(Journal journal, InstantSource clock) {
    List<JournalEntry.Event> events = events(journal);
    int last = events.size();
    for (int i = 0; i < events.size(); i++) {
      last = events.get(i).type().equals("RoundOpened") ? i : last;
    }
    return copy(events.subList(0, last), clock);
  }

  /** The journal with one event's time changed: the same keys, another chain. */
  static Journal rewritten(Journal journal, InstantSource clock) {
    return copy(events(journal), clock);
  }

  private static List<JournalEntry.Event> events(Journal journal) {
    List<JournalEntry.Event> events = new ArrayList<>();
    try {
      journal.walk(0, stored -> events.add(stored.entry().event()));
    } catch (IOException impossible) {
      throw new IllegalStateException("walk a journal in memory", impossible);
    }
    return events;
  }

  private static Journal copy(List<JournalEntry.Event> events, InstantSource clock) {
    Journal copy = new InMemoryJournal(clock);
    try {
      for (JournalEntry.Event event : events) {
        List<JournalEntry> _ = copy.append(List.of(event));
      }
    } catch (JournalConflict | IOException impossible) {
      throw new IllegalStateException("copy a journal in memory", impossible);
    }
    return copy;
  }
}
