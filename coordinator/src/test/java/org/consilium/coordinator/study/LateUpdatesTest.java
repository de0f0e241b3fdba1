package org.consilium.coordinator.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.consilium.coordinator.intake.Intake;
import org.consilium.coordinator.intake.Intake.Why;
import org.consilium.coordinator.study.StudySnapshot.Flag;
import org.consilium.coordinator.study.StudySnapshot.RoundSummary;
import org.consilium.coordinator.study.StudySnapshot.State;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.protocol.Aggregation;
import org.consilium.protocol.Exposure;
import org.consilium.protocol.Late;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.Robust;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.wire.PlanCodec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LateUpdatesTest {
  static final int LENGTH = 1000;
  static final Late.Carry CARRY = new Late.Carry(1, 0.5);

  @TempDir Path folder;

  /** Weights 100, 150 and 200 of 200 examples, W = 16: 8, 12 and 16; and 16·2^−½ = 11.3: 11. */
  @Test
  void carry_stragglerOfRoundOne_sumOfRoundTwoIsTheFormulaToTheBit() throws Exception {
    try (TestConsortium c = consortium("run")) {
      RoundTask[] tasks = lateInRoundOne(c, CARRY);
      SiteId a = c.ids.get(0);
      SiteId b = c.ids.get(1);
      SiteId straggler = c.ids.get(2);
      float[] before = parameters(c, c.snapshot().models().getLast().version());

      assertThat(
              c.send(straggler, c.site(straggler).carry(tasks[0], tasks[1], c.snapshot().plan())))
          .isInstanceOf(Intake.Accepted.class);
      c.restart(c.journal); // what was accepted is accepted for good, late or not
      c.runUntil(List.of(b, a), () -> c.snapshot().models().size() == 3);

      float[] after = parameters(c, c.snapshot().models().getLast().version());
      for (int i = 0; i < LENGTH; i++) {
        double sum = 8.0 * delta(a, 2, i) + 12.0 * delta(b, 2, i) + 11.0 * delta(straggler, 1, i);
        assertThat(after[i]).as("coordinate %d", i).isEqualTo((float) (before[i] + sum / 31));
      }
      RoundSummary second = c.snapshot().rounds().getLast();
      StudySnapshot.UpdateFacts facts =
          java.util.Objects.requireNonNull(second.updates().get(straggler));
      assertThat(facts.weight()).isEqualTo(11);
      assertThat(facts.flags()).containsExactly(new Flag.Carried(1));
      assertThat(second.remark(straggler)).isEqualTo("carried from round 1");
    }
  }

  @Test
  void carry_anyOrderAndRestart_sameDigest() throws Exception {
    Set<ModelVersion> digests = new HashSet<>();
    for (boolean lateFirst : new boolean[] {true, false}) {
      for (boolean restart : new boolean[] {true, false}) {
        try (TestConsortium c = consortium("run" + lateFirst + restart)) {
          RoundTask[] tasks = lateInRoundOne(c, CARRY);
          SiteId straggler = c.ids.get(2);
          if (!lateFirst) {
            var _ = c.act(c.ids.get(0));
          }
          var update = c.site(straggler).carry(tasks[0], tasks[1], c.snapshot().plan());
          if (restart) {
            assertThat(c.studies().begin(straggler, update.body(), update.signature()))
                .isInstanceOf(Intake.Progress.class);
            c.restart(c.journal);
          }
          assertThat(c.send(straggler, update)).isInstanceOf(Intake.Accepted.class);
          assertThat(c.send(straggler, update))
              .isEqualTo(new Intake.Accepted(update.upload(), true));

          c.runUntil(c.ids.subList(0, 2), () -> c.snapshot().models().size() == 3);

          digests.add(c.snapshot().models().getLast().version());
        }
      }
    }
    assertThat(digests).hasSize(1);
  }

  @Test
  void late_discarded_siteIsToldOnceJournaledAndSeen() throws Exception {
    try (TestConsortium c = consortium("run")) {
      var _ = c.begin(TestPlan.of(c.ids).quorum(2).rounds(2, 0).parameters(LENGTH));
      SiteId straggler = c.ids.get(2);
      RoundTask task = c.task(straggler);
      var update = c.update(straggler, task);
      closeWithout(c, 2);

      for (int i = 0; i < 3; i++) {
        assertThat(c.send(straggler, update))
            .isInstanceOfSatisfying(
                Intake.Rejected.class,
                r -> {
                  assertThat(r.why()).isEqualTo(Why.LATE);
                  assertThat(r.detail()).contains("round 1, attempt 1 is over; it is discarded");
                });
      }

      assertThat(entries(c, "UpdateLate")).isEqualTo(1);
      assertThat(c.snapshot().rounds().getFirst().late()).containsExactly(straggler);
      assertThat(c.snapshot().rounds().getFirst().words()).isEqualTo("came late: [site-c]");
      c.restart(c.journal);
      assertThat(c.snapshot().rounds().getFirst().late()).containsExactly(straggler);
      RoundTask next = c.task(straggler);
      assertThat(c.send(straggler, c.site(straggler).carry(task, next, carrying(c, CARRY))))
          .isInstanceOfSatisfying(
              Intake.Rejected.class, r -> assertThat(r.why()).isEqualTo(Why.NOT_CARRIED));
    }
  }

  /** The answer to its update of round 1 was lost: the site takes it for late. I2. */
  @Test
  void carry_deltaThatIsInASumAlready_refusedAsCounted() throws Exception {
    try (TestConsortium c = consortium("run")) {
      RoundTask[] tasks = lateInRoundOne(c, CARRY);
      SiteId a = c.ids.getFirst();

      assertThat(c.send(a, c.site(a).carry(tasks[0], tasks[1], c.snapshot().plan())))
          .isInstanceOfSatisfying(
              Intake.Rejected.class, r -> assertThat(r.why()).isEqualTo(Why.COUNTED));
      assertThat(c.act(a)).isTrue();
      assertThat(c.snapshot().rounds().getLast().updates()).containsKey(a);
    }
  }

  @Test
  void carry_besideAnUpdateOfTheRoundItself_onlyOneOfTheTwo() throws Exception {
    try (TestConsortium c = consortium("run")) {
      RoundTask[] tasks = lateInRoundOne(c, CARRY);
      SiteId straggler = c.ids.get(2);
      StudyPlan plan = c.snapshot().plan();
      assertThat(c.send(straggler, c.site(straggler).carry(tasks[0], tasks[1], plan)))
          .isInstanceOf(Intake.Accepted.class);

      assertThat(c.send(straggler, c.site(straggler).train(tasks[1], plan)))
          .isInstanceOfSatisfying(
              Intake.Rejected.class, r -> assertThat(r.why()).isEqualTo(Why.DIFFERENT_UPDATE));
    }
  }

  @Test
  void carry_moreRoundsLateThanThePlanAllows_refused() throws Exception {
    try (TestConsortium c = consortium("run")) {
      RoundTask[] tasks = lateInRoundOne(c, CARRY);
      closeWithout(c, 2);
      SiteId straggler = c.ids.get(2);
      c.runUntil(c.ids.subList(0, 2), () -> roundOf(c, straggler) == 3);

      assertThat(
              c.send(
                  straggler,
                  c.site(straggler).carry(tasks[0], c.task(straggler), c.snapshot().plan())))
          .isInstanceOfSatisfying(
              Intake.Rejected.class,
              r -> {
                assertThat(r.why()).isEqualTo(Why.NOT_CARRIED);
                assertThat(r.detail()).contains("2 rounds late in round 3, at most 1");
              });
    }
  }

  /** A site that says another weight than the staleness allows, or another base, is refused. */
  @Test
  void carry_wholeWeight_refused() throws Exception {
    try (TestConsortium c = consortium("run")) {
      RoundTask[] tasks = lateInRoundOne(c, CARRY);
      SiteId straggler = c.ids.get(2);
      StudyPlan other = carrying(c, new Late.Carry(1, 0));

      assertThat(c.send(straggler, c.site(straggler).carry(tasks[0], tasks[1], other)))
          .isInstanceOfSatisfying(
              Intake.Rejected.class,
              r -> assertThat(r.why()).isIn(Why.WRONG_WEIGHT, Why.WRONG_CONTEXT));
    }
  }

  /** By hand: w/√(1 + k) to the nearest, ties to even, never below 1. */
  @Test
  void weight_byStaleness_isTheFormula() {
    assertThat(new Late.Carry(4, 0.5).weight(64, 1)).isEqualTo(45); // 45.25
    assertThat(new Late.Carry(4, 0.5).weight(64, 2)).isEqualTo(37); // 36.95
    assertThat(new Late.Carry(4, 0.5).weight(64, 3)).isEqualTo(32);
    assertThat(new Late.Carry(4, 1).weight(5, 1)).isEqualTo(2); // 2.5
    assertThat(new Late.Carry(4, 1).weight(7, 1)).isEqualTo(4); // 3.5
    assertThat(new Late.Carry(4, 4).weight(8, 4)).isEqualTo(1);
    assertThat(new Late.Carry(4, 0).weight(9, 4)).isEqualTo(9);
  }

  @Test
  void plan_carryWithWhatItDoesNotGoWith_refusedWithTheReason() {
    List<SiteId> sites = List.of(new SiteId("site-a"), new SiteId("site-b"), new SiteId("site-c"));
    StudyPlan plan = TestPlan.of(sites).carrying(CARRY);
    assertThat(PlanCodec.decode(PlanCodec.encode(plan))).isEqualTo(plan);

    refused(plan, new Exposure.Masked(Exposure.Ring.BITS_32), 16, "masks belong to one round");
    refused(plan, new Exposure.Sealed(new Robust.Krum(1)), 16, "robust");
    refused(plan, new Exposure.Sealed(), 7, "weightMax of at least 8");
    assertThatThrownBy(
            () ->
                TestPlan.of(sites)
                    .aggregation(
                        new Aggregation(
                            Aggregation.Rule.FEDAVG, 1, 0, 0, 0, 0, Aggregation.Weighting.UNIFORM))
                    .carrying(CARRY))
        .hasMessageContaining("weighting samples");
  }

  private static void refused(StudyPlan p, Exposure exposure, int weightMax, String words) {
    assertThatThrownBy(
            () ->
                new StudyPlan(
                    p.study(),
                    p.title(),
                    p.model(),
                    p.foundation(),
                    p.task(),
                    p.tuning(),
                    p.training(),
                    p.aggregation(),
                    new StudyPlan.Protection(exposure, 100, 8, weightMax, 10, 11),
                    p.participation(),
                    p.monitoring(),
                    p.labels(),
                    p.select(),
                    p.seed(),
                    p.rounds()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(words);
  }

  private TestConsortium consortium(String name) throws Exception {
    TestConsortium c = new TestConsortium(folder.resolve(name), 3);
    teach(c);
    return c;
  }

  /** Has every site learn deltas that are known. */
  static void teach(TestConsortium c) {
    c.ids.forEach(
        id ->
            c.site(id).learner =
                Optional.of(
                    task -> {
                      float[] learned = new float[LENGTH];
                      for (int i = 0; i < LENGTH; i++) {
                        learned[i] = delta(id, task.round(), i);
                      }
                      return learned;
                    }));
  }

  /** A multiple of 2^−12, which every scale of these rounds has: nothing is rounded. */
  static float delta(SiteId site, int round, int coordinate) {
    int units = Math.floorMod(31 * site.hashCode() + 17 * round + 7 * coordinate, 201) - 100;
    return units * 0x1p-12f;
  }

  /** Round 1 closes without the third site; its task, and that of round 2. */
  static RoundTask[] lateInRoundOne(TestConsortium c, Late.Carry carry) throws Exception {
    var _ = c.begin(carrying(c, carry));
    SiteId straggler = c.ids.get(2);
    RoundTask first = c.task(straggler);
    closeWithout(c, 2);
    c.runUntil(List.of(), () -> roundOf(c, straggler) == 2);
    return new RoundTask[] {first, c.task(straggler)};
  }

  private static StudyPlan carrying(TestConsortium c, Late.Carry carry) {
    return TestPlan.of(c.ids).quorum(2).rounds(3, 0).parameters(LENGTH).carrying(carry);
  }

  /** The first sites deliver, the deadline passes, and those report. */
  private static void closeWithout(TestConsortium c, int sites) throws Exception {
    int models = c.snapshot().models().size();
    for (SiteId id : c.ids.subList(0, sites)) {
      var _ = c.task(id);
      var _ = c.act(id);
    }
    c.time.pass(Duration.ofMinutes(11));
    c.ids.forEach(c.presence()::hear);
    c.runUntil(c.ids.subList(0, sites), () -> c.snapshot().models().size() > models);
    c.time.pass(Duration.ofMinutes(6)); // the straggler does not report
    c.ids.forEach(c.presence()::hear);
    TestConsortium.await(
        () ->
            c.snapshot().state() != State.RUNNING
                || c.snapshot().rounds().getLast().version().isEmpty());
  }

  private static int roundOf(TestConsortium c, SiteId site) {
    return c.pendingTask(site)
        .filter(t -> t.kind() == RoundTask.Kind.TRAIN)
        .map(RoundTask::round)
        .orElse(0);
  }

  private static long entries(TestConsortium c, String type) throws Exception {
    List<String> types = new java.util.ArrayList<>();
    c.journal.replay("study:pneumonia", entry -> types.add(entry.event().type()));
    return types.stream().filter(type::equals).count();
  }

  static float[] parameters(TestConsortium c, ModelVersion version) throws Exception {
    try (SafetensorsFile file =
        SafetensorsFile.open(c.folder.resolve("state/models/" + version + ".safetensors"))) {
      float[] values = new float[LENGTH];
      file.read(0, values, 0, LENGTH);
      return values;
    }
  }
}
