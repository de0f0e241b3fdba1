package org.consilium.coordinator.study;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import org.consilium.protocol.SiteId;

/**
 * How often a site may change its mind about one study. A withdrawal always counts, so that no
 * hospital is held to what it no longer wants; after too many, agreeing again has to wait, and so
 * has another reason to refuse. Kept in memory, on the loop's thread.
 */
final class DecisionBudget {
  /** People decide a few times; a program that alternates fills the journal. */
  static final int DAY_MAX = 20;

  private static final Duration DAY = Duration.ofHours(24);

  private final Map<SiteId, Deque<Instant>> changes = new HashMap<>();

  /**
   * Notes a change; false when the site may not make it now.
   *
   * @param withdraws whether a site that had agreed refuses
   */
  boolean take(SiteId site, boolean withdraws, Instant now) {
    Deque<Instant> recent = changes.computeIfAbsent(site, _ -> new ArrayDeque<>());
    recent.removeIf(then -> !then.plus(DAY).isAfter(now));
    if (!withdraws && recent.size() >= DAY_MAX) {
      return false;
    }
    recent.add(now);
    return true;
  }
}
