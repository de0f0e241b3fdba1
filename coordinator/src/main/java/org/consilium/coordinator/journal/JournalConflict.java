package org.consilium.coordinator.journal;

/** An event whose idempotency key is already in its stream; nothing of the append was written. */
public final class JournalConflict extends Exception {
  private static final long serialVersionUID = 1L;

  public JournalConflict(String stream, String key) {
    super("append to journal stream %s: key is already there: %s".formatted(stream, key));
  }
}
