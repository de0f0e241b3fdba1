package org.consilium.site.session;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * Times between attempts: doubling from a quarter of a second to a cap, each shortened at random by
 * up to half, so that many sites do not come back at once. One thread at a time.
 */
public final class Backoff {
  private static final long FIRST_MILLIS = 250;
  private static final int DOUBLINGS_MAX = 16;

  private final RandomGenerator random;
  private final long capMillis;
  private int attempts;

  /** Never longer than {@code cap}. */
  public Backoff(RandomGenerator random, Duration cap) {
    this.random = random;
    this.capMillis = cap.toMillis();
  }

  /** The next time to wait. */
  public Duration next() {
    long full = Math.min(capMillis, FIRST_MILLIS << Math.min(attempts, DOUBLINGS_MAX));
    attempts++;
    return Duration.ofMillis(full / 2 + random.nextLong(full / 2 + 1));
  }

  /** Starts from the shortest again: something went well. */
  public void reset() {
    attempts = 0;
  }
}
