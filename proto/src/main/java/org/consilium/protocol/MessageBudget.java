package org.consilium.protocol;

import java.time.Duration;
import java.time.Instant;

/**
 * How many messages one session's stream may bring, at either end: a bucket that fills steadily.
 * One thread at a time.
 */
public final class MessageBudget {
  /** Fast rounds of a small model take some twenty messages a second; a flood takes thousands. */
  public static final int MINUTE_MAX = 6000;

  private static final double MILLIS_EACH = 60_000.0 / MINUTE_MAX;

  private double left = MINUTE_MAX;
  private Instant last;

  /** A full bucket. */
  public MessageBudget(Instant now) {
    this.last = now;
  }

  /** Takes one; false when there is none. A clock that goes back gives nothing. */
  public boolean take(Instant now) {
    long passed = Math.max(0, Duration.between(last, now).toMillis());
    left = Math.min(MINUTE_MAX, left + passed / MILLIS_EACH);
    last = now;
    if (left < 1) {
      return false;
    }
    left--;
    return true;
  }
}
