package org.consilium.site.protect;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.stream.IntStream;
import org.consilium.site.protect.CohortCounts.Answer;
import org.consilium.site.protect.CohortCounts.Reason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CohortCountsTest {
  private static final InstantSource CLOCK =
      InstantSource.fixed(Instant.parse("2026-06-01T12:00:00Z"));
  private static final int K = 11;

  @TempDir Path folder;

  @Test
  void badInput_55_twoQueriesThatDifferByOne_secondIsBlockedAfterARestartToo() throws IOException {
    Answer first = counts().count(cases(0, 40), K, 20);

    Answer oneMore = counts().count(cases(0, 41), K, 20);
    Answer oneLess = counts().count(cases(0, 39), K, 20);
    Answer oneSwapped = counts().count(cases(1, 41), K, 20);

    assertThat(first).isEqualTo(new Answer.Released(40));
    assertThat(List.of(oneMore, oneLess, oneSwapped))
        .containsOnly(new Answer.Suppressed(Reason.DIFFERENCE));
  }

  @Test
  void badInput_55_partsOfAWholeThatLeaveAFew_lastIsBlocked() throws IOException {
    CohortCounts counts = counts();

    assertThat(counts.count(cases(0, 65), K, 20)).isEqualTo(new Answer.Released(65));
    assertThat(counts.count(cases(0, 30), K, 20)).isEqualTo(new Answer.Released(30));
    // The rest would be 3 cases: neither difference alone is small.
    assertThat(counts.count(cases(30, 62), K, 20))
        .isEqualTo(new Answer.Suppressed(Reason.DIFFERENCE));
    assertThat(counts.count(cases(30, 50), K, 20)).isEqualTo(new Answer.Released(20));
  }

  @Test
  void badInput_55_oneToTenCases_areSuppressedAndZeroIsNot() throws IOException {
    CohortCounts counts = counts();

    for (int n = 1; n <= 10; n++) {
      assertThat(counts.count(cases(1000 * n, 1000 * n + n), K, 100))
          .isEqualTo(new Answer.Suppressed(Reason.SMALL_CELL));
    }
    assertThat(counts.count(List.of(), K, 100)).isEqualTo(new Answer.Released(0));
  }

  @Test
  void count_isAMultipleOfFiveAndTheSameQuestionIsFree() throws IOException {
    CohortCounts counts = counts();

    for (int again = 0; again < 5; again++) {
      assertThat(counts.count(cases(0, 23), K, 1)).isEqualTo(new Answer.Released(25));
    }
    assertThat(counts.count(cases(100, 140), K, 1)).isEqualTo(new Answer.Suppressed(Reason.LIMIT));
  }

  @Test
  void declared_fewMorePatients_staysWhatItWas() throws IOException {
    assertThat(counts().declared(203, K)).isEqualTo(205);
    assertThat(counts().declared(204, K)).isEqualTo(205);
    assertThat(counts().declared(213, K)).isEqualTo(205);
    assertThat(counts().declared(193, K)).isEqualTo(205);
    assertThat(counts().declared(214, K)).isEqualTo(215);
    assertThat(counts().declared(10, K)).isZero();
  }

  private CohortCounts counts() {
    return new CohortCounts(folder.resolve("counts"), CLOCK);
  }

  private static List<String> cases(int from, int to) {
    return IntStream.range(from, to).mapToObj(i -> "case-" + i).toList();
  }
}
