package org.consilium.coordinator.journal;

import java.time.Instant;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import org.consilium.security.witness.Attribution;
import org.consilium.security.witness.LogEntry;

/**
 * One event as it is stored.
 *
 * @param sequence position in the journal from 1, assigned on append
 * @param time when it was appended
 * @param event what happened
 */
public record JournalEntry(long sequence, Instant time, Event event) {

  /** What the audit log says of it; empty for an entry of an older version. */
  public Optional<LogEntry> audit() {
    return EntryHash.audit(this);
  }

  /** The link that belongs after {@code previous}; another one means that the entry was changed. */
  public byte[] hash(byte[] previous) {
    return EntryHash.next(previous, this);
  }

  /**
   * An event to append.
   *
   * @param stream what it belongs to: {@code consortium} or {@code study:NAME}
   * @param type name of the event's type, for readers of the log
   * @param key idempotency key, unique within the stream: the second append of a key is a conflict
   * @param body encoded event
   * @param by who did it; absent only in entries that an older version wrote
   */
  public record Event(
      String stream, String type, String key, byte[] body, Optional<Attribution> by) {
    public Event {
      body = body.clone();
    }

    /** An event and who did it. */
    public Event(String stream, String type, String key, byte[] body, Attribution by) {
      this(stream, type, key, body, Optional.of(by));
    }

    /**
     * Who did it.
     *
     * @throws IllegalArgumentException if nobody did: such an event is never journaled
     */
    Attribution doneBy() {
      return by.orElseThrow(
          () ->
              new IllegalArgumentException(
                  "journal event %s of %s names no actor".formatted(type, stream)));
    }

    @Override
    public byte[] body() {
      return body.clone();
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Event e
          && stream.equals(e.stream)
          && type.equals(e.type)
          && key.equals(e.key)
          && Arrays.equals(body, e.body)
          && by.equals(e.by);
    }

    @Override
    public int hashCode() {
      return Objects.hash(stream, type, key, Arrays.hashCode(body));
    }
  }

  /**
   * An entry as the store holds it, with the links that it holds beside it: nothing was compared.
   *
   * @param previous hash of the entry before
   * @param hash of this one
   */
  @SuppressWarnings("ArrayRecordComponent") // handed on once, never compared as a whole
  public record Stored(JournalEntry entry, byte[] previous, byte[] hash) {}
}
