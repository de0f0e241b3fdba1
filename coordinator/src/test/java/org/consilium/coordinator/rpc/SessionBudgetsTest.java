package org.consilium.coordinator.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicReference;
import org.consilium.protocol.MessageBudget;
import org.consilium.protocol.SiteId;
import org.junit.jupiter.api.Test;

final class SessionBudgetsTest {
  private static final SiteId NORTH = new SiteId("north");
  private static final SiteId SOUTH = new SiteId("south");

  private final AtomicReference<Instant> now =
      new AtomicReference<>(Instant.parse("2026-03-01T08:00:00Z"));
  private final SessionBudgets budgets = new SessionBudgets(now::get);

  @Test
  void take_siteHasSpentItsMinute_refusedUntilTimePasses() {
    assertThat(taken(NORTH, MessageBudget.MINUTE_MAX + 500)).isEqualTo(MessageBudget.MINUTE_MAX);

    now.set(now.get().plus(Duration.ofSeconds(1)));

    assertThat(taken(NORTH, 500)).isEqualTo(MessageBudget.MINUTE_MAX / 60);
  }

  @Test
  void take_anotherSiteHasSpentAll_isServed() {
    int _ = taken(NORTH, MessageBudget.MINUTE_MAX + 1);

    assertThat(budgets.take(SOUTH)).isTrue();
  }

  private int taken(SiteId site, int tries) {
    int taken = 0;
    for (int i = 0; i < tries; i++) {
      taken += budgets.take(site) ? 1 : 0;
    }
    return taken;
  }
}
