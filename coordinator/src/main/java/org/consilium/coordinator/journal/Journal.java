package org.consilium.coordinator.journal;

import java.io.IOException;
import java.util.List;
import java.util.function.Consumer;
import org.consilium.security.identity.Fingerprint;

/**
 * The coordinator's event log: what it holds is true, everything else is rebuilt from it. Entries
 * are hash-chained in sequence order, so that a changed or missing entry shows.
 */
public interface Journal extends AutoCloseable {
  /**
   * Appends events in one transaction; durable when it returns.
   *
   * @return the entries with their sequence numbers
   * @throws JournalConflict if a key is already in its stream; then nothing was written
   * @throws IOException if the store failed; then the caller must stop and recover by replay
   */
  List<JournalEntry> append(List<JournalEntry.Event> events) throws JournalConflict, IOException;

  /** Gives every entry of a stream to {@code reader}, in order. */
  void replay(String stream, Consumer<JournalEntry> reader) throws IOException;

  /** Streams that have at least one entry and begin with {@code prefix}, sorted. */
  List<String> streams(String prefix) throws IOException;

  /** Checks the hash chain; the sequence of the first bad entry, or 0 when all is well. */
  long firstBadEntry() throws IOException;

  /**
   * Gives every entry of all streams after sequence {@code after}, in order, with its stored links.
   */
  void walk(long after, Consumer<JournalEntry.Stored> reader) throws IOException;

  /**
   * Stored hashes of the entries {@code after} + 1 to {@code end}, in order; each is the entry's
   * leaf in the audit log's Merkle tree. Fewer if no more are durable.
   */
  void hashes(long after, long end, Consumer<Fingerprint> reader) throws IOException;

  @Override
  void close();
}
