package org.consilium.coordinator.issuing;

import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;

/** Counts refused guesses a minute, for each site that they name and in all. Not thread-safe. */
final class Refusals {
  static final int A_MINUTE_FOR_A_SITE_MAX = 10;
  static final int A_MINUTE_MAX = 60;

  private final InstantSource clock;
  private final Map<String, Integer> bySite = new HashMap<>();
  private long minute;
  private int all;

  Refusals(InstantSource clock) {
    this.clock = clock;
  }

  /** Counts one; true if it is over the limit. */
  boolean over(String site) {
    long now = clock.instant().getEpochSecond() / 60;
    if (now != minute) {
      minute = now;
      all = 0;
      bySite.clear();
    }
    all++;
    // Names come from strangers, so no more of them are kept than may be refused in a minute.
    int here = all > A_MINUTE_MAX ? 0 : bySite.merge(site, 1, Integer::sum);
    return all > A_MINUTE_MAX || here > A_MINUTE_FOR_A_SITE_MAX;
  }
}
