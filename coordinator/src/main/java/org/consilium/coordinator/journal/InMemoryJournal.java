package org.consilium.coordinator.journal;

import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/** A journal that ends with the process: for simulations and tests. Not for a real consortium. */
public final class InMemoryJournal implements Journal {
  private final InstantSource clock;
  private final List<JournalEntry> entries = new ArrayList<>();
  private final Set<Key> keys = new HashSet<>();

  private record Key(String stream, String key) {}

  public InMemoryJournal(InstantSource clock) {
    this.clock = clock;
  }

  @Override
  public synchronized List<JournalEntry> append(List<JournalEntry.Event> events)
      throws JournalConflict {
    Set<Key> added = new HashSet<>();
    for (JournalEntry.Event event : events) {
      Key key = new Key(event.stream(), event.key());
      if (keys.contains(key) || !added.add(key)) {
        throw new JournalConflict(event.stream(), event.key());
      }
    }
    keys.addAll(added);
    int before = entries.size();
    for (JournalEntry.Event event : events) {
      entries.add(
          new JournalEntry(
              entries.size() + 1L, clock.instant().truncatedTo(ChronoUnit.MICROS), event));
    }
    return List.copyOf(entries.subList(before, entries.size()));
  }

  @Override
  public void replay(String stream, Consumer<JournalEntry> reader) {
    List<JournalEntry> seen;
    synchronized (this) {
      seen = List.copyOf(entries);
    }
    seen.stream().filter(e -> e.event().stream().equals(stream)).forEach(reader);
  }

  @Override
  public synchronized List<String> streams(String prefix) {
    return entries.stream()
        .map(e -> e.event().stream())
        .filter(s -> s.startsWith(prefix))
        .distinct()
        .sorted()
        .toList();
  }

  @Override
  public long firstBadEntry() {
    return 0;
  }

  @Override
  public void close() {
    // nothing is held
  }
}
