package org.consilium.site.upload;

import java.time.Duration;
import java.util.BitSet;

/**
 * How many chunks one call carries: on a slow line one, so that its answer comes within the lease;
 * on a fast line so many that waiting for the answer costs nothing. One thread.
 */
final class Batch {
  /** As many as one answer can lose, and one ledger line claims. */
  static final int CHUNKS_MAX = 64;

  private static final Duration SHORT = Duration.ofSeconds(3);
  private static final Duration LONG = Duration.ofSeconds(12);

  private int chunks = 1;

  /** The index before which a batch ends that has the first missing chunks. */
  int end(BitSet stored, int total) {
    int end = stored.nextClearBit(0);
    for (int i = 0; i < chunks && end < total; i++) {
      end = stored.nextClearBit(end) + 1;
    }
    return Math.min(end, total);
  }

  /** A batch was answered after so long. */
  void took(Duration time) {
    if (time.compareTo(SHORT) < 0) {
      chunks = Math.min(CHUNKS_MAX, chunks * 2);
    } else if (time.compareTo(LONG) > 0) {
      chunks = Math.max(1, chunks / 2);
    }
  }
}
