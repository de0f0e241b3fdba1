package org.consilium.sim.virtual.part;

import java.io.IOException;
import java.time.InstantSource;
import java.util.List;
import java.util.function.Consumer;
import org.consilium.coordinator.journal.InMemoryJournal;
import org.consilium.coordinator.journal.Journal;
import org.consilium.coordinator.journal.JournalConflict;
import org.consilium.coordinator.journal.JournalEntry;
import org.consilium.security.identity.Fingerprint;
import org.consilium.sim.virtual.disk.ProcessDied;
import org.consilium.sim.virtual.fault.Fault;
import org.consilium.sim.virtual.fault.FaultPlan;

/**
 * One process's connection to a database: what it appended is durable, the process may end just
 * before or just after, and an append may fail with or without its entries.
 */
final class CrashJournal implements Journal {
  private final Journal durable;
  private final FaultPlan faults;
  private final Owner process;

  /** The process that appends. */
  interface Owner {
    boolean dead();

    /** Ends it; whatever it still does has no effect. */
    ProcessDied die(Fault how);

    /** The database has these entries. */
    void committed(List<JournalEntry> entries);
  }

  CrashJournal(Journal durable, FaultPlan faults, Owner process) {
    this.durable = durable;
    this.faults = faults;
    this.process = process;
  }

  /** A database without entries. */
  static Journal empty(InstantSource clock) {
    return new InMemoryJournal(clock);
  }

  @Override
  public List<JournalEntry> append(List<JournalEntry.Event> events)
      throws JournalConflict, IOException {
    if (process.dead()) {
      throw new ProcessDied("append");
    }
    if (faults.strikes(Fault.COORDINATOR_DIES_BEFORE_APPEND)) {
      throw process.die(Fault.COORDINATOR_DIES_BEFORE_APPEND);
    }
    if (faults.strikes(Fault.APPEND_FAILS)) {
      throw new IOException("append: the database is not there");
    }
    List<JournalEntry> entries = durable.append(events);
    process.committed(entries);
    if (faults.strikes(Fault.COORDINATOR_DIES_AFTER_APPEND)) {
      throw process.die(Fault.COORDINATOR_DIES_AFTER_APPEND);
    }
    if (faults.strikes(Fault.APPEND_FAILS_WRITTEN)) {
      throw new IOException("append: the connection was lost in the commit");
    }
    return entries;
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
  public void close() {
    // the database outlives the process
  }
}
