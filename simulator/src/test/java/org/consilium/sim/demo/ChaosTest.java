package org.consilium.sim.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

final class ChaosTest {
  @Test
  void plan_sameSeed_sameKills() {
    Chaos chaos = new Chaos(5, 4);

    assertThat(chaos.plan(30, 4, 7)).isEqualTo(chaos.plan(30, 4, 7)).hasSize(9);
    assertThat(chaos.plan(30, 4, 7)).isNotEqualTo(chaos.plan(30, 4, 8));
  }

  @Test
  void plan_manyKills_areSpreadOverAllRounds() {
    var kills = new Chaos(60, 0).plan(30, 4, 1);

    assertThat(kills).isSortedAccordingTo((a, b) -> Integer.compare(a.round(), b.round()));
    assertThat(kills).allMatch(k -> k.round() >= 1 && k.round() <= 30 && k.site() == -1);
    // Two in each round: the i-th of 60 falls into round 1 + ⌊(i + u)/2⌋.
    assertThat(kills.stream().map(Chaos.Kill::round).distinct().count()).isEqualTo(30);
  }

  @Test
  void plan_siteKills_goRoundAllSites() {
    var kills = new Chaos(0, 4).plan(8, 4, 3);

    assertThat(kills.stream().map(Chaos.Kill::site)).containsExactlyInAnyOrder(0, 1, 2, 3);
  }

  @Test
  void parse_words_areRead() {
    assertThat(Chaos.parse("coordinator-kill=2,site-kill=1")).isEqualTo(new Chaos(2, 1));
    assertThat(Chaos.parse("site-kill=3")).isEqualTo(new Chaos(0, 3));
    assertThatThrownBy(() -> Chaos.parse("kill=everything"))
        .hasMessageContaining("coordinator-kill=2");
  }
}
