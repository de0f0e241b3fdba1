package org.consilium.site.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class BackoffTest {
  private static final Duration CAP = Duration.ofSeconds(10);

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void next_shortOutage_comesBackWithinASecond(long seed) {
    Backoff backoff = new Backoff(new SplittableRandom(seed), CAP);

    Duration waited = Duration.ZERO;
    while (waited.compareTo(Duration.ofSeconds(3)) < 0) {
      Duration wait = backoff.next();
      assertThat(wait).isLessThanOrEqualTo(Duration.ofSeconds(1));
      waited = waited.plus(wait);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void next_longOutage_aThirdOfItUpToTheCap(long seed) {
    Backoff backoff = new Backoff(new SplittableRandom(seed), CAP);

    Duration waited = Duration.ZERO;
    int attempts = 0;
    while (waited.compareTo(Duration.ofMinutes(10)) < 0) {
      Duration wait = backoff.next();
      assertThat(wait).isBetween(Duration.ofMillis(125), CAP);
      if (waited.compareTo(Duration.ofSeconds(3)) > 0) {
        assertThat(wait).isLessThanOrEqualTo(waited.dividedBy(3));
      }
      waited = waited.plus(wait);
      attempts++;
    }
    assertThat(attempts).isBetween(60, 150);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void reset_afterALongOutage_startsFromTheShortest(long seed) {
    Backoff backoff = new Backoff(new SplittableRandom(seed), CAP);
    for (int i = 0; i < 100; i++) {
      Duration _ = backoff.next();
    }

    backoff.reset();

    assertThat(backoff.next()).isLessThanOrEqualTo(Duration.ofMillis(250));
  }
}
