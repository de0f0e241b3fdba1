package org.consilium.coordinator.study;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.consilium.coordinator.study.StudySnapshot.Outcome;
import org.consilium.protocol.Digest;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.wire.PlanCodec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sites whose hours are over, and sites that say no. */
final class HoursStudyTest {
  @TempDir Path folder;

  @Test
  void closed_beforeTheRound_notOnItsRoster_andThereAgainWhenItOpens() throws Exception {
    try (TestConsortium c = new TestConsortium(folder, 3)) {
      SiteId closed = c.ids.get(2);
      c.presence().closed(closed, TestConsortium.STUDY, Optional.of(opens(c)));

      var _ = c.begin(TestPlan.of(c.ids).quorum(2).rounds(2, 0));

      RoundTask first = c.task(c.ids.getFirst());
      assertThat(first.terms().orElseThrow().participants())
          .extracting(RoundTask.Participant::site)
          .containsExactly(c.ids.get(0), c.ids.get(1));
      c.presence().opened(closed, TestConsortium.STUDY);
      c.runUntil(
          c.ids.subList(0, 2), () -> c.pendingTask(closed).filter(t -> t.round() == 2).isPresent());
      assertThat(c.task(closed).terms().orElseThrow().participants()).hasSize(3);
    }
  }

  @Test
  void closed_belowQuorum_waitsAndSaysUntilWhen() throws Exception {
    try (TestConsortium c = new TestConsortium(folder, 3)) {
      c.presence().closed(c.ids.get(1), TestConsortium.STUDY, Optional.of(opens(c)));
      c.presence().closed(c.ids.get(2), TestConsortium.STUDY, Optional.empty());

      var _ = c.begin(TestPlan.of(c.ids).quorum(2));

      TestConsortium.await(() -> !c.snapshot().detail().isEmpty());
      assertThat(c.snapshot().detail())
          .isEqualTo(
              "waiting for sites: 1 of 3 that agreed are present, 2 are needed; closed: site-b"
                  + " until "
                  + opens(c)
                  + ", site-c (its opening is not said)");

      c.time.pass(Duration.ofHours(3)); // past the hour that was said
      c.ids.forEach(c.presence()::hear);
      RoundTask task = c.task(c.ids.getFirst());
      assertThat(task.terms().orElseThrow().participants()).hasSize(2);
    }
  }

  @Test
  void closed_inTheMiddleOfARound_quorumThere_roundGoesOnAtOnce() throws Exception {
    try (TestConsortium c = new TestConsortium(folder, 3)) {
      var _ = c.begin(TestPlan.of(c.ids).quorum(2).rounds(1, 0));
      SiteId closed = c.ids.get(2);
      var _ = c.task(closed);
      c.presence().closed(closed, TestConsortium.STUDY, Optional.empty());
      var _ = c.act(c.ids.get(0));
      assertThat(c.snapshot().models()).hasSize(1); // no quorum: it waits
      var _ = c.act(c.ids.get(1));

      TestConsortium.await(() -> c.snapshot().models().size() == 2);

      var round = c.snapshot().rounds().getFirst();
      assertThat(round.outcome()).isNotEqualTo(Outcome.ABANDONED);
      assertThat(round.missing()).containsExactly(closed);
    }
  }

  @Test
  void start_whenAllRefuseOrAreSilent_saysWhoAndWhy() throws Exception {
    try (TestConsortium c = new TestConsortium(folder, 3)) {
      byte[] plan = PlanCodec.encode(TestPlan.of(c.ids).plan());
      var _ = c.studies().create(plan);
      Digest about = Digest.sha256(plan);
      var _ = c.studies().decide(c.ids.get(0), about, false, "MODE_REFUSED", 0);
      var _ = c.studies().decide(c.ids.get(1), about, true, "", 1);

      var _ = c.studies().start(TestConsortium.STUDY);

      TestConsortium.await(() -> !c.snapshot().detail().isEmpty());
      assertThat(c.snapshot().detail())
          .isEqualTo(
              "waiting for sites: 0 of 0 that agreed are present, 3 are needed; refused: site-a"
                  + " MODE_REFUSED, site-b COHORT_TOO_SMALL; not answered: site-c");
    }
  }

  /** An hour of the clock within the next two. */
  private static Instant opens(TestConsortium c) {
    return c.time.instant().truncatedTo(java.time.temporal.ChronoUnit.HOURS).plusSeconds(7200);
  }
}
