package org.consilium.sim.proxy;

import java.util.function.LongSupplier;

/** The width of a line one way, shared by all its connections. Safe for use by many threads. */
final class TokenBucket {
  /** What may be made up after a thread slept too long, nanoseconds. */
  private static final long BURST_NANOS = 50_000_000;

  private static final int BLOCK_LEAST = 512;
  private static final int BLOCK_MOST = 16 << 10;
  static final int BLOCKS_PER_SECOND = 40;

  private final LongSupplier nanos;
  private long free;

  TokenBucket(LongSupplier nanos) {
    this.nanos = nanos;
    this.free = nanos.getAsLong();
  }

  /** How many bytes are best taken at once, so that a slow line flows instead of jumping. */
  static int block(long bitsPerSecond) {
    return Math.clamp(bitsPerSecond / 8 / BLOCKS_PER_SECOND, BLOCK_LEAST, BLOCK_MOST);
  }

  /** The time at which so many bytes, which wait from now on, have crossed. */
  synchronized long crossed(int bytes, long bitsPerSecond) {
    long now = nanos.getAsLong();
    if (bitsPerSecond == LineTerms.UNLIMITED) {
      free = now;
      return now;
    }
    long begin = Math.max(free, now - BURST_NANOS);
    free = begin + (long) (bytes * 8e9 / bitsPerSecond);
    return free;
  }
}
