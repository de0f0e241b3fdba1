package org.consilium.coordinator.study;

import java.io.IOException;
import java.util.List;
import java.util.function.Consumer;
import org.consilium.coordinator.journal.Journal;
import org.consilium.coordinator.journal.JournalConflict;
import org.consilium.coordinator.journal.JournalEntry;
import org.consilium.security.identity.Fingerprint;

/** A journal whose process dies at one append: just before the entry is durable, or just after. */
final class FaultyJournal implements Journal {
  private final Journal durable;
  private final int dieAt;
  private final boolean written;
  private int appends;

  FaultyJournal(Journal durable, int dieAt, boolean written) {
    this.durable = durable;
    this.dieAt = dieAt;
    this.written = written;
  }

  /** Whether the process has died here. */
  synchronized boolean struck() {
    return appends >= dieAt;
  }

  @Override
  public synchronized List<JournalEntry> append(List<JournalEntry.Event> events)
      throws JournalConflict, IOException {
    appends++;
    if (appends > dieAt) {
      throw new IOException("the process is dead");
    }
    if (appends == dieAt) {
      if (written) {
        List<JournalEntry> _ = durable.append(events);
      }
      throw new IOException("the process died at append " + dieAt);
    }
    return durable.append(events);
  }

  @Override
  public void replay(String stream, Consumer<JournalEntry> reader) throws IOException {
    durable.replay(stream, reader);
  }

  @Override
  public List<String> streams(String prefix) throws IOException {
    return durable.streams(prefix);
  }

  @Override
  public long firstBadEntry() throws IOException {
    return durable.firstBadEntry();
  }

  @Override
  public void walk(long after, Consumer<JournalEntry.Stored> reader) throws IOException {
    durable.walk(after, reader);
  }

  @Override
  public void hashes(long after, long last, Consumer<Fingerprint> reader) throws IOException {
    durable.hashes(after, last, reader);
  }

  @Override
  public void close() {}
}
