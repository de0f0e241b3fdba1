package org.consilium.site.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.consilium.protocol.Limits;
import org.junit.jupiter.api.Test;

/** How long a coordinator may be silent. */
final class TrafficTest {
  private final Traffic traffic = new Traffic();

  @Test
  void silence_nothingUnderWay_isThreePings() {
    assertThat(traffic.silenceMax()).isEqualTo(Duration.ofSeconds(35));
  }

  @Test
  void silence_transferOfUnknownSpeed_isTheLease() {
    try (Traffic.Transfer _ = traffic.begin()) {
      assertThat(traffic.silenceMax()).isEqualTo(Limits.SENDING_LEASE);
    }
    assertThat(traffic.silenceMax()).isEqualTo(Duration.ofSeconds(35));
  }

  @Test
  void silence_transferOfKnownSpeed_isTwoChunksMore() {
    try (Traffic.Transfer _ = traffic.begin()) {
      traffic.moved(Duration.ofSeconds(10));
      assertThat(traffic.silenceMax()).isEqualTo(Duration.ofSeconds(55));

      traffic.moved(Duration.ofSeconds(131)); // 1 MiB at 64 kbit/s
      assertThat(traffic.silenceMax()).isEqualTo(Limits.SENDING_LEASE);
    }
  }
}
