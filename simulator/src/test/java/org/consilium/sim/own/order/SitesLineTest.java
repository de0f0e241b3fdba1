package org.consilium.sim.own.order;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.consilium.protocol.SiteId;
import org.junit.jupiter.api.Test;

final class SitesLineTest {
  private static final List<SiteId> TWO = List.of(new SiteId("north"), new SiteId("south"));

  @Test
  void studyWithoutSites_getsThemAndNothingElse() {
    String text = "kind: Study\nspec:   # what\n\n  model: {height: 8}\n  seed: 1\n";

    assertThat(SitesLine.complete(text, TWO))
        .isEqualTo(
            """
            kind: Study
            spec:   # what

              sites: {include: [north, south]}
              model: {height: 8}
              seed: 1
            """);
  }

  @Test
  void studyWithHalfASitesKey_keepsTheRest() {
    assertThat(SitesLine.complete("spec:\n  sites: {quorum: 2}\n", TWO))
        .isEqualTo("spec:\n  sites: {include: [north, south], quorum: 2}\n");
    assertThat(SitesLine.complete("spec:\n  sites:\n    deadline: 2h\n  seed: 1\n", TWO))
        .isEqualTo("spec:\n  sites:\n    include: [north, south]\n    deadline: 2h\n  seed: 1\n");
  }

  @Test
  void studyThatNamesItsSites_isLeftAlone() {
    List<String> texts =
        List.of(
            "spec:\n  sites: {include: [a-a-a, b-b-b]}\n",
            "spec:\n  sites:\n    quorum: 2\n    include: [a-a-a, b-b-b]\n  seed: 1\n",
            "spec: {sites: {}}\n");
    for (String text : texts) {
      assertThat(SitesLine.complete(text, TWO)).isEqualTo(text);
    }
  }
}
