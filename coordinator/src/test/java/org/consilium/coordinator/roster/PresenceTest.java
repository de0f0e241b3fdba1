package org.consilium.coordinator.roster;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.consilium.protocol.SiteId;
import org.junit.jupiter.api.Test;

final class PresenceTest {
  private static final SiteId A = new SiteId("site-a");
  private static final SiteId B = new SiteId("site-b");
  private static final SiteId C = new SiteId("site-c");

  private final AtomicLong nanos = new AtomicLong();
  private final Presence presence =
      new Presence(() -> Instant.EPOCH, nanos::get, Duration.ofSeconds(60));

  @Test
  void present_shortReconnect_rosterIsStillAll() {
    Recorder link = new Recorder();
    presence.connect(A, link);
    presence.disconnect(A, link);
    pass(59);

    assertThat(pick(List.of(C, B, A))).isEqualTo(new RosterPolicy.Roster(List.of(A, B, C)));

    pass(2);
    assertThat(pick(List.of(C, B, A)))
        .isEqualTo(
            new RosterPolicy.TooFew(
                "waiting for sites: 0 of 3 that agreed are present, 2 are needed"));
  }

  @Test
  void connect_again_replacesTheOlderStream() {
    Recorder first = new Recorder();
    Recorder second = new Recorder();
    presence.connect(A, first);

    presence.connect(A, second);
    presence.disconnect(A, first);

    assertThat(first.closed).containsExactly(Presence.Why.REPLACED);
    assertThat(second.closed).isEmpty();
    assertThat(presence.connected(A)).isTrue();
  }

  @Test
  void revoke_connectedSite_isClosedAndAbsent() {
    Recorder link = new Recorder();
    presence.connect(A, link);

    presence.revoke(A);

    assertThat(link.closed).containsExactly(Presence.Why.REVOKED);
    assertThat(presence.present(A)).isFalse();
  }

  private RosterPolicy.Pick pick(List<SiteId> willing) {
    return RosterPolicy.pick(willing, _ -> true, presence::present, 2);
  }

  private void pass(long seconds) {
    long _ = nanos.addAndGet(Duration.ofSeconds(seconds).toNanos());
  }

  private static final class Recorder implements Presence.Link {
    private final List<Presence.Why> closed = new ArrayList<>();

    @Override
    public void wake() {}

    @Override
    public void close(Presence.Why why) {
      closed.add(why);
    }
  }
}
