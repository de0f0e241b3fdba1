package org.consilium.coordinator.study;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.consilium.coordinator.aggregate.robust.Handling;
import org.consilium.coordinator.aggregate.robust.Handling.What;
import org.consilium.coordinator.intake.Intake;
import org.consilium.coordinator.intake.Intake.Why;
import org.consilium.coordinator.study.StudySnapshot.Flag;
import org.consilium.coordinator.study.StudySnapshot.Outcome;
import org.consilium.coordinator.study.StudySnapshot.RoundSummary;
import org.consilium.coordinator.study.StudySnapshot.State;
import org.consilium.coordinator.study.TestSite.Sealed;
import org.consilium.protocol.Exposure;
import org.consilium.protocol.Robust;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.wire.SignedKind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A robust rule in a running study, and what is said of updates. */
final class RobustStudyTest {
  private static final int PARAMETERS = 2_000;

  @TempDir Path folder;

  @Test
  void round_multiKrum_saysOfEachSiteWhatWasDoneEvenAfterARestart() throws Exception {
    try (TestConsortium c = new TestConsortium(folder, 7)) {
      SiteId liar = c.ids.get(2);
      lieFrom(c, liar, 1);
      StudyPlan _ = c.begin(plan(c, new Robust.MultiKrum(1, 4), 1));

      c.run(c.ids, State.COMPLETED);

      RoundSummary round = c.snapshot().rounds().getFirst();
      assertThat(round.handlings()).hasSize(7);
      assertThat(round.handlings().values().stream().map(Handling::what))
          .containsOnly(What.KEPT, What.DROPPED);
      assertThat(round.handlings().get(liar))
          .isNotNull()
          .extracting(Handling::what)
          .isEqualTo(What.DROPPED);
      assertThat(round.remark(liar)).matches("dropped: Krum score .* times the usual");

      c.restart(c.journal);
      assertThat(c.snapshot().rounds().getFirst().handlings()).isEqualTo(round.handlings());
      assertThat(ModelCard.of(c.snapshot(), c.snapshot().models().getLast()))
          .contains("By multi-krum, which holds against 1 faulty centres")
          .contains("| site-c | dropped: Krum score");
    }
  }

  @Test
  void study_sameSiteLeftOutTwice_asksAPersonOnce() throws Exception {
    try (TestConsortium c = new TestConsortium(folder, 7)) {
      SiteId liar = c.ids.get(2);
      lieFrom(c, liar, 1);
      StudyPlan _ = c.begin(plan(c, new Robust.MultiKrum(1, 4), 5));

      c.run(c.ids, State.PAUSED);

      assertThat(c.snapshot().detail()).startsWith("site-c left out of rounds 1 and 2");
      assertThat(c.snapshot().models()).hasSize(3);
      var _ = c.studies().resume(TestConsortium.STUDY);
      // It is left out of rounds 3, 4 and 5 too, and nobody is asked again.
      c.run(c.ids, State.COMPLETED);
      assertThat(c.snapshot().rounds())
          .hasSize(5)
          .allMatch(r -> r.remark(liar).startsWith("dropped"));
    }
  }

  /**
   * Site g declares 400 of 1750 examples; with two faulty, the heaviest have half of the weight.
   */
  @Test
  void round_ruleUnmetByItsWeights_isAbandonedWithTheReason() throws Exception {
    try (TestConsortium c = new TestConsortium(folder, 5)) {
      StudyPlan _ = c.begin(plan(c, new Robust.GeometricMedian(2), 1));

      c.run(c.ids, State.PAUSED);

      assertThat(c.snapshot().rounds())
          .hasSize(3)
          .allMatch(r -> r.outcome() == Outcome.ABANDONED)
          .allMatch(
              r -> r.detail().startsWith("robust rule not met: geometric-median needs under"));
      c.restart(c.journal);
      assertThat(c.snapshot().state()).isEqualTo(State.PAUSED);
    }
  }

  @Test
  void update_contentOfAnEarlierRound_refusedAsReplayed() throws Exception {
    try (TestConsortium c = new TestConsortium(folder, 3)) {
      StudyPlan plan = c.begin(plan(c, Robust.none(), 2));
      SiteId site = c.ids.get(0);
      List<int[]> first = new ArrayList<>();
      RoundTask task = c.task(site);
      Sealed own = c.site(site).train(task, plan, v -> first.add(v.clone()), 1);
      assertThat(c.send(site, own)).isInstanceOf(Intake.Accepted.class);
      for (SiteId id : c.ids.subList(1, 3)) {
        assertThat(c.send(id, c.update(id, task))).isInstanceOf(Intake.Accepted.class);
      }
      TestConsortium.await(() -> c.pendingTask(site).filter(t -> t.round() == 1).isPresent());
      c.runUntil(
          c.ids.subList(1, 3),
          () -> {
            report(c, site);
            return c.snapshot().round() == 2;
          });

      RoundTask next = c.task(site);
      int moved = exponent(next) - exponent(task); // the same integers mean another length now
      double wanted = Math.scalb(own.manifest().norm(), moved);
      Sealed again =
          c.site(site)
              .train(
                  next,
                  plan,
                  v -> System.arraycopy(first.getFirst(), 0, v, 0, v.length),
                  wanted / norm(c.site(site).train(next, plan)));
      Intake outcome = c.send(site, again);

      assertThat(outcome)
          .isInstanceOfSatisfying(
              Intake.Rejected.class,
              r -> {
                assertThat(r.why()).as(r.detail()).isEqualTo(Why.REPLAYED);
                assertThat(r.detail()).contains("was sent before, by site site-a");
              });
      // An update of its own is taken in after that.
      assertThat(c.send(site, c.site(site).train(next, plan))).isInstanceOf(Intake.Accepted.class);
    }
  }

  @Test
  void badInput_39_weightZeroNegativeOrTooLarge_refused() throws Exception {
    try (TestConsortium c = new TestConsortium(folder, 3)) {
      StudyPlan plan = c.begin(plan(c, Robust.none(), 1));
      SiteId site = c.ids.get(0);
      Sealed own = c.site(site).train(c.task(site), plan);

      assertRefused(c.send(site, signed(c, site, own, m -> m.setWeight(0))), Why.MALFORMED);
      assertRefused(c.send(site, signed(c, site, own, m -> m.setWeight(-1))), Why.MALFORMED);
      assertRefused(c.send(site, signed(c, site, own, m -> m.setWeight(65))), Why.MALFORMED);
      assertRefused(c.send(site, signed(c, site, own, m -> m.setWeight(17))), Why.WRONG_WEIGHT);
      assertRefused(c.send(site, signed(c, site, own, m -> m.setSamples(101))), Why.WRONG_WEIGHT);
      assertRefused(c.send(site, signed(c, site, own, m -> m.setNorm(1e8))), Why.MALFORMED);
      assertRefused(c.send(site, signed(c, site, own, m -> m.setNorm(1e6))), Why.NORM_MISMATCH);
    }
  }

  @Test
  void badInput_39_allZeroDelta_flaggedAsFreeRider() throws Exception {
    try (TestConsortium c = new TestConsortium(folder, 3)) {
      SiteId rider = c.ids.get(1);
      c.site(rider).learner = Optional.of(_ -> new float[PARAMETERS]);
      StudyPlan _ = c.begin(plan(c, Robust.none(), 2));

      c.run(c.ids, State.COMPLETED);

      // It counts twice, and is no replay of itself: there is nothing in it to send again.
      assertThat(c.snapshot().rounds())
          .hasSize(2)
          .allMatch(r -> r.updates().size() == 3)
          .allMatch(r -> r.remark(rider).equals("changes nothing"))
          .allMatch(r -> r.remark(c.ids.get(0)).isEmpty());
    }
  }

  @Test
  void update_muchLongerThanItsSitesBefore_isFlaggedWithItsDeviations() throws Exception {
    try (TestConsortium c = new TestConsortium(folder, 3)) {
      SiteId site = c.ids.get(0);
      lieFrom(c, site, 5);
      StudyPlan _ = c.begin(plan(c, Robust.none(), 5));

      c.run(c.ids, State.COMPLETED);

      List<RoundSummary> rounds = c.snapshot().rounds();
      assertThat(rounds.subList(0, 4)).allMatch(r -> r.remark(site).isEmpty());
      assertThat(facts(rounds.getLast(), site))
          .singleElement()
          .isInstanceOfSatisfying(
              Flag.UnusualNorm.class, f -> assertThat(f.sigmas()).isGreaterThan(50));
    }
  }

  private static List<Flag> facts(RoundSummary round, SiteId site) {
    return java.util.Objects.requireNonNull(round.updates().get(site)).flags();
  }

  /** From a round on, a delta ten times as long as the others' and elsewhere. */
  private static void lieFrom(TestConsortium c, SiteId site, int from) {
    c.site(site).learner =
        Optional.of(
            task -> {
              float[] delta = new float[PARAMETERS];
              for (int i = 0; i < delta.length; i++) {
                int sign = (i * 31 + task.round()) % 7 < 3 ? 1 : -1;
                delta[i] = sign * (task.round() >= from ? 0.1f : 0.01f) + 1e-4f * task.round();
              }
              return delta;
            });
  }

  private static StudyPlan plan(TestConsortium c, Robust rule, int rounds) {
    StudyPlan plan = TestPlan.of(c.ids).rounds(rounds, 0).parameters(PARAMETERS).plan();
    StudyPlan.Protection p = plan.protection();
    return new StudyPlan(
        plan.study(),
        plan.title(),
        plan.model(),
        plan.foundation(),
        plan.task(),
        plan.tuning(),
        plan.training(),
        plan.aggregation(),
        new StudyPlan.Protection(
            new Exposure.Sealed(rule),
            p.clip(),
            p.range(),
            p.weightMax(),
            p.minSamples(),
            p.smallCell()),
        plan.participation(),
        plan.monitoring(),
        plan.labels(),
        plan.select(),
        plan.seed(),
        plan.rounds());
  }

  private static int exponent(RoundTask task) {
    return task.terms().orElseThrow().scaleExponents().getFirst();
  }

  private static double norm(Sealed update) {
    return update.manifest().norm();
  }

  private static void report(TestConsortium c, SiteId site) {
    c.pendingTask(site)
        .filter(t -> t.terms().isEmpty())
        .ifPresent(
            t -> {
              byte[] body = c.site(site).report(t);
              try {
                var _ = c.studies().report(site, body, c.site(site).sign(SignedKind.REPORT, body));
              } catch (IOException failed) {
                throw new IllegalStateException(failed);
              }
            });
  }

  /** The manifest with something else in it, signed by the site itself. */
  private static Sealed signed(
      TestConsortium c,
      SiteId site,
      Sealed own,
      Consumer<org.consilium.proto.v1.UpdateManifest.Builder> change)
      throws InvalidProtocolBufferException {
    var manifest = org.consilium.proto.v1.UpdateManifest.parseFrom(own.body()).toBuilder();
    change.accept(manifest);
    byte[] body = manifest.build().toByteArray();
    return new Sealed(
        own.manifest(), body, c.site(site).sign(SignedKind.UPDATE, body), own.chunks());
  }

  private static void assertRefused(Intake outcome, Why why) {
    assertThat(outcome)
        .isInstanceOfSatisfying(
            Intake.Rejected.class, r -> assertThat(r.why()).as(r.detail()).isEqualTo(why));
  }
}
