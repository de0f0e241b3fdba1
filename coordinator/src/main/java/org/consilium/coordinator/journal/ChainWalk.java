package org.consilium.coordinator.journal;

import java.util.Arrays;
import java.util.function.Consumer;
import org.consilium.security.audit.ChainHash;

/** Compares every entry with the one before it, and remembers the first that does not fit. */
final class ChainWalk implements Consumer<JournalEntry.Stored> {
  private byte[] previous = ChainHash.origin();
  private long expected = 1;
  private long firstBad;

  @Override
  public void accept(JournalEntry.Stored stored) {
    if (firstBad != 0) {
      return;
    }
    byte[] hash = EntryHash.next(previous, stored.entry());
    if (stored.entry().sequence() != expected
        || !Arrays.equals(previous, stored.previous())
        || !Arrays.equals(hash, stored.hash())) {
      firstBad = expected;
    }
    previous = hash;
    expected++;
  }

  /** Sequence of the first bad entry, or 0. */
  long firstBad() {
    return firstBad;
  }
}
