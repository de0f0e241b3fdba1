package org.consilium.site.session;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * Times between attempts: a quarter of a second, doubling to one second, then a third of all that
 * was waited so far, up to a cap; each shortened at random by up to half, so that many sites do not
 * come back at once. Who is back after a few seconds is found within one; who stays away is asked
 * more and more rarely. One thread at a time.
 */
public final class Backoff {
  private static final long FIRST_MILLIS = 250;
  private static final long SHORT_MILLIS = 1_000;
  private static final int PART_OF_WAITED = 3;

  private final RandomGenerator random;
  private final long capMillis;
  private long shortMillis = FIRST_MILLIS;
  private long waitedMillis;

  /** Never longer than {@code cap}. */
  public Backoff(RandomGenerator random, Duration cap) {
    this.random = random;
    this.capMillis = cap.toMillis();
  }

  /** The next time to wait. */
  public Duration next() {
    long full = Math.min(capMillis, Math.max(shortMillis, waitedMillis / PART_OF_WAITED));
    shortMillis = Math.min(SHORT_MILLIS, 2 * shortMillis);
    long wait = full / 2 + random.nextLong(full / 2 + 1);
    waitedMillis += wait;
    return Duration.ofMillis(wait);
  }

  /** Starts from the shortest again: something went well. */
  public void reset() {
    shortMillis = FIRST_MILLIS;
    waitedMillis = 0;
  }
}
