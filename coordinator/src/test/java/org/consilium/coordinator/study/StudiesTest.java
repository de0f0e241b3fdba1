package org.consilium.coordinator.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.consilium.coordinator.intake.Intake;
import org.consilium.coordinator.round.Reply;
import org.consilium.coordinator.study.StudySnapshot.Outcome;
import org.consilium.coordinator.study.StudySnapshot.State;
import org.consilium.models.catalog.ModelSheet;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.protocol.Aggregation;
import org.consilium.protocol.Aggregation.Rule;
import org.consilium.protocol.Aggregation.Weighting;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.wire.PlanCodec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class StudiesTest {
  @TempDir Path folder;

  @Test
  void study_allSitesAnswer_runsToItsLastWindow() throws Exception {
    try (TestConsortium c = new TestConsortium(folder, 3)) {
      var _ = c.begin(TestPlan.of(c.ids));

      c.run(c.ids, State.COMPLETED);

      StudySnapshot end = c.snapshot();
      assertThat(end.rounds()).hasSize(2).allMatch(r -> r.outcome() == Outcome.COMPLETED);
      assertThat(end.rounds()).allMatch(r -> r.updates().size() == 3 && r.reports().size() == 3);
      assertThat(end.windows()).hasSize(1).allMatch(w -> w.reports().size() == 3);
      assertThat(end.models()).hasSize(3);
      // The reported AUROC grows with the round, so the last version is the best.
      assertThat(end.best().orElseThrow().round()).isEqualTo(2);
      assertThat(end.sites()).allMatch(s -> s.drift().points().size() == 1);
      assertThat(Files.exists(folder.resolve("state/keys/pneumonia.aggregation"))).isFalse();
    }
  }

  @Test
  void publish_everyVersion_namesWhatItsUserMustKnow() throws Exception {
    try (TestConsortium c = new TestConsortium(folder, 3)) {
      StudyPlan plan = TestPlan.of(c.ids).parameters(2_000).plan();
      var _ = c.begin(TestPlan.of(c.ids).parameters(2_000));

      c.run(c.ids, State.COMPLETED);

      for (StudySnapshot.PublishedModel model : c.snapshot().models()) {
        Path path = folder.resolve("state/models/" + model.version() + ".safetensors");
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
          assertThat(ModelSheet.read(file.metadata(), file.layout()))
              .isEqualTo(ModelSheet.of(plan));
          assertThat(file.metadata())
              .containsEntry("study", "pneumonia")
              .containsEntry("round", Integer.toString(model.round()))
              .containsEntry("parent", model.parent().map(ModelVersion::toString).orElse(""));
        }
      }
    }
  }

  @Test
  void aggregate_everyOrderOfArrival_sameDigest() throws Exception {
    Set<ModelVersion> digests = new HashSet<>();
    int run = 0;
    for (int[] order :
        new int[][] {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}) {
      try (TestConsortium c = new TestConsortium(folder.resolve("run" + run++), 3)) {
        var _ = c.begin(TestPlan.of(c.ids).rounds(2, 0));
        List<SiteId> sites = new ArrayList<>();
        for (int i : order) {
          sites.add(c.ids.get(i));
        }

        c.run(sites, State.COMPLETED);

        digests.add(c.snapshot().models().getLast().version());
      }
    }

    assertThat(digests).hasSize(1);
  }

  /** F1: the process dies at every append, once before it is durable and once after. I1-I4, I9. */
  @Test
  void f1_deathAtEveryAppend_sameEndAsUndisturbed() throws Exception {
    deathAtEveryAppend(Aggregation.FEDAVG);
  }

  /** F1 with a rule that remembers: what it remembers comes back with the version. */
  @Test
  void f1_deathAtEveryAppendWithMoments_sameEndAsUndisturbed() throws Exception {
    deathAtEveryAppend(new Aggregation(Rule.FEDYOGI, 0.01, 0.9, 0.99, 1e-3, 0, Weighting.UNIFORM));
  }

  private void deathAtEveryAppend(Aggregation aggregation) throws Exception {
    ModelVersion expected;
    int appends;
    try (TestConsortium c = new TestConsortium(folder.resolve("calm"), 3)) {
      var _ = c.begin(TestPlan.of(c.ids).parameters(2_000).aggregation(aggregation));
      c.run(c.ids, State.COMPLETED);
      expected = c.snapshot().models().getLast().version();
      List<Long> count = new ArrayList<>();
      c.journal.replay("study:pneumonia", entry -> count.add(entry.sequence()));
      appends = count.size();
    }

    for (int at = 6; at <= appends; at++) {
      for (boolean written : new boolean[] {false, true}) {
        String name = "append %d, %s".formatted(at, written ? "written" : "not written");
        try (TestConsortium c = new TestConsortium(folder.resolve("run" + at + written), 3)) {
          var _ = c.begin(TestPlan.of(c.ids).parameters(2_000).aggregation(aggregation));
          // Created, three answers and the start are 5 appends; the loop may have made the 6th.
          c.restart(new FaultyJournal(c.journal, Math.max(1, at - c.entries()), written));
          runThroughDeath(c);

          StudySnapshot end = c.snapshot();
          assertThat(end.models().getLast().version()).as(name).isEqualTo(expected);
          assertThat(end.rounds()).as(name).hasSize(2);
          assertThat(end.rounds()).as(name).allMatch(r -> r.updates().size() == 3);
          assertThat(c.entries()).as(name).isEqualTo(appends);
        }
      }
    }
  }

  private static void runThroughDeath(TestConsortium c) throws IOException {
    try {
      c.run(c.ids, State.COMPLETED);
    } catch (TestConsortium.DeadCoordinator dead) {
      // the harness starts the next process below
    }
    c.restart(c.journal);
    c.run(c.ids, State.COMPLETED);
  }

  @ParameterizedTest
  @MethodSource("org.consilium.coordinator.aggregate.FederatedVectors#rules")
  void restart_betweenRounds_sameDigestsAsUndisturbed(Aggregation rule) throws Exception {
    List<ModelVersion> calm = new ArrayList<>();
    TestPlan wanted = TestPlan.of(List.of()).rounds(3, 0).parameters(2_000).aggregation(rule);
    try (TestConsortium c = new TestConsortium(folder.resolve("calm"), 3)) {
      var _ = c.begin(wanted.sites(c.ids));
      c.run(c.ids, State.COMPLETED);
      c.snapshot().models().forEach(m -> calm.add(m.version()));
    }

    List<ModelVersion> restarted = new ArrayList<>();
    try (TestConsortium c = new TestConsortium(folder.resolve("restarted"), 3)) {
      var _ = c.begin(wanted.sites(c.ids));
      for (int round = 1; round <= 3; round++) {
        int made = round + 1;
        c.runUntil(c.ids, () -> c.snapshot().models().size() == made);
        c.restart(c.journal);
      }
      c.run(c.ids, State.COMPLETED);
      c.snapshot().models().forEach(m -> restarted.add(m.version()));

      assertThat(restarted).hasSize(4).isEqualTo(calm);
      // Removed by the loop a moment after the state is seen.
      TestConsortium.await(() -> moments(folder.resolve("restarted/state/models")) == 0);
    }
  }

  private static long moments(Path models) {
    try (Stream<Path> files = Files.list(models)) {
      return files.filter(f -> f.toString().contains("moment")).count();
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }

  /** FedDG-GA: whose own model is better than the global one gains weight, and uses it. */
  @Test
  void feddgGa_siteThatTheGlobalModelFails_gainsWeight() throws Exception {
    Aggregation rule = new Aggregation(Rule.FEDDG_GA, 1, 0, 0, 0, 0.2, Weighting.SAMPLES);
    List<ModelVersion> digests = new ArrayList<>();
    for (boolean restarted : new boolean[] {false, true}) {
      try (TestConsortium c = new TestConsortium(folder.resolve("run" + restarted), 3)) {
        c.site(c.ids.getFirst()).localAdvantage = 0.1;
        var _ = c.begin(TestPlan.of(c.ids).rounds(3, 0).parameters(2_000).aggregation(rule));
        for (int round = 1; round <= 3; round++) {
          int made = round + 1;
          c.runUntil(c.ids, () -> c.snapshot().models().size() == made);
          if (restarted) {
            c.restart(c.journal);
          }
        }
        c.run(c.ids, State.COMPLETED);

        // By hand: shares 2/9, 3/9, 4/9 of 16, then moved by 0.2, then by two thirds of it.
        assertThat(c.site(c.ids.get(0)).weights).containsExactly(8, 16, 16);
        assertThat(c.site(c.ids.get(1)).weights).containsExactly(12, 9, 5);
        assertThat(c.site(c.ids.get(2)).weights).containsExactly(16, 13, 8);
        assertThat(c.snapshot().rounds()).allMatch(r -> r.updates().size() == 3);
        digests.add(c.snapshot().models().getLast().version());
      }
    }

    assertThat(digests.get(1)).isEqualTo(digests.get(0));
  }

  /** A flipped bit in what the rule remembers is noticed, named, and nothing is made of it. */
  @Test
  void moments_damagedBetweenRounds_nothingIsMadeOfThem() throws Exception {
    try (TestConsortium c = new TestConsortium(folder, 3)) {
      Aggregation rule = new Aggregation(Rule.FEDAVGM, 1, 0.9, 0, 0, 0, Weighting.SAMPLES);
      var _ = c.begin(TestPlan.of(c.ids).parameters(2_000).aggregation(rule));
      c.runUntil(c.ids, () -> c.snapshot().models().size() == 2);
      ModelVersion first = c.snapshot().models().getLast().version();
      flip(folder.resolve("state/models/" + first + ".moment0.safetensors"));

      c.runUntil(c.ids, () -> c.snapshot().detail().contains("optimiser state 0 of model"));

      assertThat(c.snapshot().models()).hasSize(2);
    }
  }

  /** F8: a bit of a model at rest flips; a backup's file heals it, with the same digests after. */
  @Test
  void f8_baseDamagedBetweenRounds_nothingIsMadeOfIt_backupHeals() throws Exception {
    ModelVersion undisturbed;
    try (TestConsortium c = new TestConsortium(folder.resolve("calm"), 3)) {
      var _ = c.begin(TestPlan.of(c.ids).parameters(2_000).rounds(3, 0));
      c.run(c.ids, State.COMPLETED);
      undisturbed = c.snapshot().models().getLast().version();
    }
    try (TestConsortium c = new TestConsortium(folder.resolve("flipped"), 3)) {
      var _ = c.begin(TestPlan.of(c.ids).parameters(2_000).rounds(3, 0));
      c.runUntil(c.ids, () -> c.snapshot().models().size() == 2);
      Path base =
          folder.resolve(
              "flipped/state/models/" + c.snapshot().models().getLast().version() + ".safetensors");
      byte[] good = Files.readAllBytes(base);
      flip(base);
      c.runUntil(c.ids, () -> c.snapshot().detail().contains("put the file of a backup"));
      assertThat(c.snapshot().models()).hasSize(2);

      Files.write(base, good);
      c.time.pass(Duration.ofSeconds(11));
      c.run(c.ids, State.COMPLETED);

      assertThat(c.snapshot().models().getLast().version()).isEqualTo(undisturbed);
    }
  }

  @Test
  void badInput_19_revokedAfterItsUpdateWasAccepted_dropsOut() throws Exception {
    try (TestConsortium c = new TestConsortium(folder, 3)) {
      var _ = c.begin(TestPlan.of(c.ids).quorum(2).rounds(1, 0));
      SiteId gone = c.ids.getFirst();
      List<SiteId> rest = c.ids.subList(1, 3);
      RoundTask task = c.task(gone);
      assertThat(c.send(gone, c.update(gone, task))).isInstanceOf(Intake.Accepted.class);

      c.sites.remove(gone);
      c.studies().revoked(gone);
      TestConsortium.await(() -> c.snapshot().rounds().getFirst().updates().isEmpty());
      c.restart(c.journal);
      c.run(rest, State.COMPLETED);

      StudySnapshot.RoundSummary round = c.snapshot().rounds().getFirst();
      assertThat(round.updates().keySet()).containsExactlyInAnyOrderElementsOf(rest);
    }
  }

  @Test
  void badInput_19_revocationBreaksTheQuorum_roundIsAbandoned() throws Exception {
    try (TestConsortium c = new TestConsortium(folder, 2)) {
      var _ = c.begin(TestPlan.of(c.ids));
      SiteId gone = c.ids.getFirst();
      assertThat(c.send(gone, c.update(gone, c.task(gone)))).isInstanceOf(Intake.Accepted.class);

      c.sites.remove(gone);
      TestConsortium.await(() -> c.snapshot().rounds().getFirst().outcome() == Outcome.ABANDONED);

      assertThat(c.snapshot().rounds()).hasSize(1);
    }
  }

  @Test
  void decide_alternatingAnswers_fillNoJournal() throws Exception {
    try (TestConsortium c = new TestConsortium(folder, 2)) {
      byte[] plan = PlanCodec.encode(TestPlan.of(c.ids).plan());
      var _ = c.studies().create(plan);
      Digest about = Digest.sha256(plan);
      SiteId site = c.ids.getFirst();

      for (int i = 0; i < 200; i++) {
        var _ = c.studies().decide(site, about, i % 2 == 0, "MODE_REFUSED", 100);
      }

      // Created, then at most the day's changes and one last withdrawal.
      assertThat(c.entries()).isLessThanOrEqualTo(2 + DecisionBudget.DAY_MAX);
      assertThat(c.studies().decide(site, about, true, "", 100)).isInstanceOf(Reply.Refused.class);
      c.time.pass(Duration.ofHours(25));
      assertThat(c.studies().decide(site, about, true, "", 100)).isEqualTo(new Reply.Done(false));
    }
  }

  @Test
  void round_quorumAtDeadline_aggregatesWithoutTheStraggler() throws Exception {
    try (TestConsortium c = new TestConsortium(folder, 3)) {
      var _ = c.begin(TestPlan.of(c.ids).quorum(2).rounds(1, 0));
      RoundTask first = c.task(c.ids.get(0));
      assertThat(first.terms().orElseThrow().participants()).hasSize(3);
      c.act(c.ids.get(0));
      c.act(c.ids.get(1));

      c.time.pass(Duration.ofMinutes(11));

      TestConsortium.await(() -> c.snapshot().models().size() == 2);
      assertThat(c.snapshot().rounds().getFirst().missing()).containsExactly(c.ids.get(2));
      // Its update comes too late: refused, not stored.
      assertThat(c.send(c.ids.get(2), c.site(c.ids.get(2)).train(first, c.snapshot().plan())))
          .isInstanceOfSatisfying(
              Intake.Rejected.class, r -> assertThat(r.why()).isEqualTo(Intake.Why.LATE));
    }
  }

  @Test
  void round_belowQuorumThreeTimes_pausesAndResumes() throws Exception {
    try (TestConsortium c = new TestConsortium(folder, 3)) {
      var _ = c.begin(TestPlan.of(c.ids).rounds(1, 0));
      for (int attempt = 1; attempt <= 3; attempt++) {
        int now = attempt;
        TestConsortium.await(
            () -> c.pendingTask(c.ids.get(0)).filter(t -> t.attempt() == now).isPresent());
        c.act(c.ids.get(0));
        c.ids.forEach(c.presence()::hear);
        c.time.pass(Duration.ofMinutes(11));
        c.ids.forEach(c.presence()::hear);
        TestConsortium.await(
            () ->
                c.snapshot().rounds().size() >= now
                    && c.snapshot().rounds().get(now - 1).outcome() == Outcome.ABANDONED);
      }

      assertThat(c.snapshot().state()).isEqualTo(State.PAUSED);
      assertThat(c.snapshot().detail()).contains("abandoned 3 times", "1 of at least 3 updates");
      c.studies().resume(TestConsortium.STUDY);
      c.run(c.ids, State.COMPLETED);
      assertThat(c.snapshot().rounds().getLast().attempt()).isEqualTo(4);
    }
  }

  @Test
  void round_enoughDecline_isAbandonedAtOnce() throws Exception {
    try (TestConsortium c = new TestConsortium(folder, 3)) {
      var _ = c.begin(TestPlan.of(c.ids).rounds(1, 0));
      RoundTask task = c.task(c.ids.get(0));

      var reply = c.studies().decline(c.ids.get(0), TestConsortium.STUDY, task.round(), "DIVERGED");

      assertThat(reply).isEqualTo(new org.consilium.coordinator.round.Reply.Done(false));
      assertThat(c.snapshot().rounds().getFirst().detail())
          .contains("sites declined", "1 declined");
    }
  }

  /** F10: the wall clock jumps while the round is open; only monotonic time counts. */
  @Test
  void badInput_26_wallClockJumps_deadlineDoesNotMove() throws Exception {
    try (TestConsortium c = new TestConsortium(folder, 3)) {
      var _ = c.begin(TestPlan.of(c.ids).quorum(2).rounds(1, 0));
      assertThat(c.task(c.ids.get(0)).remaining()).isEqualTo(Duration.ofMinutes(10));

      c.time.jump(Duration.ofHours(1));
      assertThat(c.task(c.ids.get(0)).remaining()).isEqualTo(Duration.ofMinutes(10));

      // A new process knows the wall clock only; it never waits longer than the plan says.
      c.time.jump(Duration.ofHours(-2));
      c.restart(c.journal);
      assertThat(c.task(c.ids.get(0)).remaining()).isEqualTo(Duration.ofMinutes(10));
      c.time.pass(Duration.ofMinutes(4));
      assertThat(c.task(c.ids.get(0)).remaining()).isEqualTo(Duration.ofMinutes(6));
    }
  }

  /** F8: a bit of an accepted update flips on disk; its site is asked again, the result stays. */
  @Test
  void f8_acceptedSpoolDamaged_siteIsAskedAgain_sameDigest() throws Exception {
    ModelVersion expected;
    try (TestConsortium c = new TestConsortium(folder.resolve("calm"), 3)) {
      var _ = c.begin(TestPlan.of(c.ids).rounds(1, 0));
      c.run(c.ids, State.COMPLETED);
      expected = c.snapshot().models().getLast().version();
    }
    try (TestConsortium c = new TestConsortium(folder.resolve("torn"), 3)) {
      var _ = c.begin(TestPlan.of(c.ids).rounds(1, 0));
      SiteId victim = c.ids.get(0);
      var task = c.task(victim);
      c.act(victim);
      flip(folder.resolve("torn/state/spool/pneumonia/1-1/site-a.sealed"));
      c.act(c.ids.get(1));
      c.act(c.ids.get(2));

      TestConsortium.await(
          () -> c.pendingTask(victim).filter(t -> t.terms().isPresent()).isPresent());
      c.run(c.ids, State.COMPLETED);

      assertThat(task.round()).isEqualTo(1);
      assertThat(c.snapshot().models().getLast().version()).isEqualTo(expected);
    }
  }

  private static void flip(Path file) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      java.nio.ByteBuffer one = java.nio.ByteBuffer.allocate(1);
      channel.read(one, 1000);
      one.put(0, (byte) (one.get(0) ^ 1)).rewind();
      channel.write(one, 1000);
    }
  }

  @Test
  void badInput_35_noRoomForARound_waitsUntilThereIs() throws Exception {
    try (TestConsortium c = new TestConsortium(folder, 3)) {
      c.space = () -> 1 << 20;
      var _ = c.begin(TestPlan.of(c.ids).rounds(1, 0));
      TestConsortium.await(() -> c.snapshot().detail().contains("waiting for disk space"));

      c.space = () -> Long.MAX_VALUE;

      c.run(c.ids, State.COMPLETED);
      assertThat(c.snapshot().models()).hasSize(2);
    }
  }

  @Test
  void create_sameAgainBeforeItsStart_isAnsweredTheSame() throws Exception {
    try (TestConsortium c = new TestConsortium(folder, 3)) {
      TestPlan plan = TestPlan.of(c.ids);
      byte[] bytes = org.consilium.protocol.wire.PlanCodec.encode(plan.plan());
      StudySnapshot first = c.studies().create(bytes);

      assertThat(c.studies().create(bytes)).isEqualTo(first);
      byte[] other = org.consilium.protocol.wire.PlanCodec.encode(plan.rounds(3, 1).plan());
      assertThatThrownBy(() -> c.studies().create(other))
          .isInstanceOfSatisfying(
              StudyRefused.class,
              r -> assertThat(r.why()).isEqualTo(StudyRefused.Why.ALREADY_EXISTS));
      assertThat(c.studies().list()).hasSize(1);

      var _ = c.studies().start(plan.plan().study()); // which waits for its sites
      assertThatThrownBy(() -> c.studies().create(bytes))
          .isInstanceOfSatisfying(
              StudyRefused.class,
              r -> assertThat(r.why()).isEqualTo(StudyRefused.Why.ALREADY_EXISTS));
    }
  }

  @Test
  void create_unknownSiteOrNameInUse_refused() throws Exception {
    try (TestConsortium c = new TestConsortium(folder, 3)) {
      var plan = c.begin(TestPlan.of(c.ids));
      byte[] bytes = org.consilium.protocol.wire.PlanCodec.encode(plan);

      assertThatThrownBy(() -> c.studies().create(bytes))
          .isInstanceOfSatisfying(
              StudyRefused.class,
              r -> assertThat(r.why()).isEqualTo(StudyRefused.Why.ALREADY_EXISTS));
      assertThatThrownBy(() -> c.studies().create(new byte[] {1, 2, 3}))
          .isInstanceOfSatisfying(
              StudyRefused.class, r -> assertThat(r.why()).isEqualTo(StudyRefused.Why.ILLEGAL));
    }
  }

  @Test
  void stop_runningStudy_endsForGood() throws Exception {
    try (TestConsortium c = new TestConsortium(folder, 3)) {
      var _ = c.begin(TestPlan.of(c.ids));
      var task = c.task(c.ids.get(0));

      StudySnapshot end = c.studies().stop(TestConsortium.STUDY, "wrong plan");

      assertThat(task.round()).isEqualTo(1);
      assertThat(end.state()).isEqualTo(State.FAILED);
      assertThat(end.detail()).isEqualTo("stopped: wrong plan");
      assertThat(c.studies().pending(c.ids.get(0), _ -> false)).isEmpty();
      c.restart(c.journal);
      assertThat(c.snapshot().state()).isEqualTo(State.FAILED);
    }
  }
}
