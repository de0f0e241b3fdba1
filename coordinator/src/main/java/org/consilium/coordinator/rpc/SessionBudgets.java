package org.consilium.coordinator.rpc;

import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import org.consilium.protocol.MessageBudget;
import org.consilium.protocol.SiteId;

/**
 * How many messages each site may bring, over all of its sessions: another stream does not renew
 * it, only time does. Safe for use by many threads.
 */
final class SessionBudgets {
  private final InstantSource clock;

  /** One for each member that ever had a session with this process. */
  private final Map<SiteId, MessageBudget> budgets = new HashMap<>();

  SessionBudgets(InstantSource clock) {
    this.clock = clock;
  }

  /** Takes one message of a site's; false when it has none left. */
  synchronized boolean take(SiteId site) {
    Instant now = clock.instant();
    return budgets.computeIfAbsent(site, _ -> new MessageBudget(now)).take(now);
  }
}
