package org.consilium.coordinator.journal;

import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.consilium.security.audit.ChainHash;
import org.consilium.security.identity.Fingerprint;

/** A journal that ends with the process: for simulations and tests. Not for a real consortium. */
public final class InMemoryJournal implements Journal {
  private final InstantSource clock;
  private final List<JournalEntry> entries = new ArrayList<>();
  private final List<byte[]> hashes = new ArrayList<>();
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
      var _ = event.doneBy();
      Key key = new Key(event.stream(), event.key());
      if (keys.contains(key) || !added.add(key)) {
        throw new JournalConflict(event.stream(), event.key());
      }
    }
    keys.addAll(added);
    int before = entries.size();
    for (JournalEntry.Event event : events) {
      JournalEntry entry =
          new JournalEntry(
              entries.size() + 1L, clock.instant().truncatedTo(ChronoUnit.MICROS), event);
      hashes.add(EntryHash.next(previous(entries.size()), entry));
      entries.add(entry);
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
  public void walk(long after, Consumer<JournalEntry.Stored> reader) {
    List<JournalEntry.Stored> seen = new ArrayList<>();
    synchronized (this) {
      for (int i = Math.toIntExact(after); i < entries.size(); i++) {
        seen.add(new JournalEntry.Stored(entries.get(i), previous(i), hashes.get(i).clone()));
      }
    }
    seen.forEach(reader);
  }

  @Override
  public void hashes(long after, long last, Consumer<Fingerprint> reader) {
    List<byte[]> seen;
    synchronized (this) {
      int from = (int) Math.min(after, hashes.size());
      seen = List.copyOf(hashes.subList(from, (int) Math.clamp(last, from, (long) hashes.size())));
    }
    seen.stream().map(Fingerprint::new).forEach(reader);
  }

  private byte[] previous(int index) {
    return index == 0 ? ChainHash.origin() : hashes.get(index - 1).clone();
  }

  @Override
  public void close() {
    // nothing is held
  }
}
