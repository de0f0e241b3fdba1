package org.consilium.site.session;

import static org.assertj.core.api.Assertions.assertThatNoException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

final class SkewTest {
  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");

  @Test
  void badInput_26_clockTenMinutesOff_refusedWithBothTimes() {
    long said = NOON.toEpochMilli();

    assertThatThrownBy(() -> check(said, NOON.plus(Duration.ofMinutes(10))))
        .isInstanceOf(Skew.class)
        .hasMessageContaining("600 s ahead of")
        .hasMessageContaining("2026-03-01T12:10:00Z here, 2026-03-01T12:00:00Z there");
    assertThatThrownBy(() -> check(said, NOON.minus(Duration.ofMinutes(10))))
        .hasMessageContaining("600 s behind");
  }

  @Test
  void check_twoMinutes_isTheMostThatIsTaken() {
    long said = NOON.toEpochMilli();

    assertThatNoException().isThrownBy(() -> check(said, NOON.plus(Duration.ofMinutes(2))));
    assertThatThrownBy(() -> check(said, NOON.plus(Duration.ofMinutes(2)).plusMillis(1)))
        .isInstanceOf(Skew.class);
  }

  @Test
  void check_slowAnswer_isNoSkew() {
    Instant answered = NOON.plus(Duration.ofMinutes(30));

    assertThatNoException()
        .isThrownBy(
            () -> Skew.check(NOON.plus(Duration.ofMinutes(1)).toEpochMilli(), NOON, answered));
  }

  private static void check(long said, Instant here) {
    Skew.check(said, here, here);
  }
}
