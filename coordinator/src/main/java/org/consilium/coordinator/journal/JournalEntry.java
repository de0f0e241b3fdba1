package org.consilium.coordinator.journal;

import java.time.Instant;
import java.util.Arrays;
import java.util.Objects;

/**
 * One event as it is stored.
 *
 * @param sequence position in the journal from 1, assigned on append
 * @param time when it was appended
 * @param event what happened
 */
public record JournalEntry(long sequence, Instant time, Event event) {

  /**
   * An event to append.
   *
   * @param stream what it belongs to: {@code consortium} or {@code study:NAME}
   * @param type name of the event's type, for readers of the log
   * @param key idempotency key, unique within the stream: the second append of a key is a conflict
   * @param body encoded event
   */
  public record Event(String stream, String type, String key, byte[] body) {
    public Event {
      body = body.clone();
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
          && Arrays.equals(body, e.body);
    }

    @Override
    public int hashCode() {
      return Objects.hash(stream, type, key, Arrays.hashCode(body));
    }
  }
}
