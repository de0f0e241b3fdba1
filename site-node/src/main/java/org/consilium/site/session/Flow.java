package org.consilium.site.session;

import java.time.Duration;
import java.time.Instant;

/** How many messages a coordinator may send on one stream: a bucket that fills steadily. */
final class Flow {
  /** Orders and answers to pings of fast rounds are some ten a second; a flood is thousands. */
  static final int MINUTE_MAX = 6000;

  private static final double MILLIS_EACH = 60_000.0 / MINUTE_MAX;

  private double left = MINUTE_MAX;
  private Instant last;

  Flow(Instant now) {
    this.last = now;
  }

  /** Takes one; false when there is none. A clock that goes back gives nothing. */
  boolean take(Instant now) {
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
