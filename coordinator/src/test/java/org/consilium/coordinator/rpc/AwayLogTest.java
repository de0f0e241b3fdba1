package org.consilium.coordinator.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicReference;
import org.consilium.coordinator.consortium.AuthorityUnreachable;
import org.junit.jupiter.api.Test;

final class AwayLogTest {
  private final AtomicReference<Instant> now =
      new AtomicReference<>(Instant.parse("2026-03-01T08:00:00Z"));

  @Test
  void line_nodeAsksEverySecond_oneLineAMinuteWithoutATrace() {
    AwayLog log = new AwayLog(now::get);
    AuthorityUnreachable away =
        new AuthorityUnreachable("enrol: it does not answer", new IOException("refused"));

    assertThat(log.line("enrol", away)).contains("enrol waits: enrol: it does not answer");
    for (int second = 1; second < 60; second++) {
      now.set(now.get().plus(Duration.ofSeconds(1)));
      assertThat(log.line("enrol", away)).isEmpty();
    }
    now.set(now.get().plus(Duration.ofSeconds(1)));
    assertThat(log.line("collect", away))
        .contains("collect waits: enrol: it does not answer; 59 more like it since the last line");
  }
}
