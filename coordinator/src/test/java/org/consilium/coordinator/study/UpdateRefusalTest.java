package org.consilium.coordinator.study;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.consilium.coordinator.intake.Intake;
import org.consilium.coordinator.intake.Intake.Why;
import org.consilium.coordinator.study.TestSite.Sealed;
import org.consilium.protocol.Aggregation;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.RoundId;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.UpdateManifest;
import org.consilium.protocol.wire.SignedKind;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What an open round does not take in; each time nothing is left of it. */
final class UpdateRefusalTest {
  private static final int PART = 64 << 10;
  @TempDir Path folder;

  private TestConsortium c;
  private StudyPlan plan;
  private SiteId site;
  private RoundTask task;

  @BeforeEach
  void openRound() throws Exception {
    c = new TestConsortium(folder, 3);
    plan = c.begin(TestPlan.of(c.ids).rounds(1, 0));
    site = c.ids.get(0);
    task = c.task(site);
  }

  @AfterEach
  void close() {
    c.close();
  }

  @Test
  void badInput_10_signedByAnotherSite_badSignature() throws Exception {
    Sealed other = c.site(c.ids.get(1)).train(task, plan);

    assertRefused(c.send(site, other), Why.BAD_SIGNATURE);
  }

  /** FedNova: a site that claims no steps must not decide how far the others go. */
  @Test
  void update_withoutSteps_outOfBounds() throws Exception {
    try (TestConsortium nova = new TestConsortium(folder.resolve("nova"), 3)) {
      Aggregation rule =
          new Aggregation(Aggregation.Rule.FEDNOVA, 1, 0, 0, 0, 0, Aggregation.Weighting.SAMPLES);
      StudyPlan other = nova.begin(TestPlan.of(nova.ids).parameters(2_000).aggregation(rule));
      SiteId liar = nova.ids.getFirst();

      for (int steps : new int[] {0, -5}) {
        Sealed update =
            nova.site(liar)
                .train(nova.task(liar), other, vector -> vector[vector.length - 3] = steps, 1);

        assertThat(nova.send(liar, update))
            .isInstanceOfSatisfying(
                Intake.Rejected.class,
                r -> {
                  assertThat(r.why()).isEqualTo(Why.OUT_OF_BOUNDS);
                  assertThat(r.detail()).contains("its number of steps is " + steps);
                });
      }
    }
  }

  @Test
  void badInput_16_anotherRoundAttemptOrContext_refused() throws Exception {
    UpdateManifest m = honest().manifest();

    assertRefused(c.send(site, with(m, m.context(), 2, 1, m.weight())), Why.WRONG_ROUND);
    assertRefused(c.send(site, with(m, m.context(), 1, 2, m.weight())), Why.WRONG_ROUND);
    Digest elsewhere = Digest.sha256(new byte[] {1});
    assertRefused(c.send(site, with(m, elsewhere, 1, 1, m.weight())), Why.WRONG_CONTEXT);
  }

  @Test
  void badInput_17_sameUpdateAgain_countsOnce_otherIsRefused() throws Exception {
    Sealed update = honest();
    assertThat(c.send(site, update)).isEqualTo(new Intake.Accepted(update.upload(), false));

    assertThat(c.send(site, update)).isEqualTo(new Intake.Accepted(update.upload(), true));
    assertRefused(c.send(site, honest()), Why.DIFFERENT_UPDATE);
    assertThat(c.snapshot().rounds().getFirst().updates()).hasSize(1);
  }

  @Test
  void badInput_18_anotherBaseOrLayout_refused() throws Exception {
    UpdateManifest m = honest().manifest();
    Digest other = Digest.sha256(new byte[] {2});

    assertRefused(
        c.send(site, with(m, new ModelVersion(other), m.layoutDigest(), m.vectorLength())),
        Why.WRONG_BASE);
    assertRefused(c.send(site, with(m, m.base(), other, m.vectorLength())), Why.WRONG_LAYOUT);
  }

  @Test
  void badInput_27_longerThanTheModel_refusedFromTheManifestAlone() throws Exception {
    UpdateManifest m = honest().manifest();

    assertRefused(
        c.send(site, with(m, m.base(), m.layoutDigest(), m.vectorLength() + 1)), Why.WRONG_LAYOUT);
  }

  @Test
  void update_withShiftsInAStudyInFull_refused() throws Exception {
    UpdateManifest m = honest().manifest();
    UpdateManifest.Seal s = m.seal();
    UpdateManifest.Seal shifted =
        new UpdateManifest.Seal(s.encapsulation(), s.sealedBytes(), s.chunkDigests(), new byte[1]);

    assertRefused(
        c.send(
            site,
            c.site(site)
                .signed(
                    new UpdateManifest(
                        m.context(),
                        m.round(),
                        m.attempt(),
                        m.base(),
                        m.layoutDigest(),
                        m.vectorLength(),
                        m.weight(),
                        m.samples(),
                        m.norm(),
                        m.trainingLoss(),
                        shifted),
                    List.of())),
        Why.WRONG_LAYOUT);
  }

  @Test
  void badInput_19_siteThatIsNotOnTheRoster_refused() throws Exception {
    TestSite stranger = c.site(c.ids.get(2));
    c.sites.remove(stranger.id());

    Sealed update = stranger.train(task, plan);

    assertRefused(c.send(stranger.id(), update), Why.UNKNOWN_SITE);
  }

  @Test
  void badInput_28_chunks_anyOrderRepeatedOrWrong() throws Exception {
    Sealed update = honest();
    assertThat(c.studies().begin(site, update.body(), update.signature()))
        .isEqualTo(new Intake.Progress(update.upload(), 2, new byte[] {0}));
    assertRefused(c.studies().commit(site, update.upload()), Why.INCOMPLETE);
    Intake attached = c.studies().attach(site, update.upload());
    assertThat(attached).isInstanceOf(Intake.Attached.class);
    if (attached instanceof Intake.Attached(var lease)) {
      ByteBuffer last = ByteBuffer.wrap(update.chunks().get(1));
      assertThat(lease.put(1, 0, last))
          .isEqualTo(new Intake.Progress(update.upload(), 2, new byte[] {2}));
      assertThat(lease.put(1, 0, last))
          .isEqualTo(new Intake.Progress(update.upload(), 2, new byte[] {2}));
      assertRefused(lease.put(2, 0, last), Why.BAD_CHUNK);
      assertRefused(lease.put(-1, 0, last), Why.BAD_CHUNK);
      assertRefused(lease.put(0, 0, ByteBuffer.allocate(0)), Why.BAD_CHUNK);
      byte[] changed = update.chunks().get(0).clone();
      changed[5] ^= 1;
      assertRefused(lease.put(0, 0, ByteBuffer.wrap(changed)), Why.BAD_CHUNK);
      lease.close();
    }
  }

  @Test
  void badInput_28_partsOfAChunk_areTakenInTheirOrderAlone() throws Exception {
    Sealed update = honest();
    var _ = c.studies().begin(site, update.body(), update.signature());
    byte[] chunk = update.chunks().get(0);
    byte[] changed = chunk.clone();
    changed[5] ^= 1;
    int end = chunk.length;
    if (c.studies().attach(site, update.upload()) instanceof Intake.Attached(var lease)) {
      assertRefused(lease.put(0, PART, part(chunk, PART, end)), Why.BAD_CHUNK); // no beginning
      assertMissing(lease.put(0, 0, part(chunk, 0, PART)), update);
      assertRefused(lease.put(0, PART - 1, part(chunk, PART - 1, end)), Why.BAD_CHUNK); // overlaps
      assertRefused(lease.put(0, PART, part(chunk, PART, end)), Why.BAD_CHUNK); // begin again
      assertMissing(lease.put(0, 0, part(chunk, 0, PART)), update);
      assertRefused(lease.put(0, PART + 1, part(chunk, PART + 1, end)), Why.BAD_CHUNK); // a gap
      assertMissing(lease.put(0, 0, part(chunk, 0, PART)), update);
      assertRefused(lease.put(1, 0, ByteBuffer.wrap(update.chunks().get(1))), Why.BAD_CHUNK);
      assertMissing(lease.put(0, 0, part(chunk, 0, PART)), update);
      assertRefused(lease.put(0, 0, part(chunk, 0, PART)), Why.BAD_CHUNK); // written already
      assertMissing(lease.put(0, 0, part(chunk, 0, PART)), update);
      assertRefused(lease.put(0, PART, ByteBuffer.wrap(chunk)), Why.BAD_CHUNK); // beyond the end
      assertRefused(lease.put(0, -1, part(chunk, 0, PART)), Why.BAD_CHUNK);
      assertRefused(lease.put(0, 0, part(chunk, 0, PART - 1)), Why.BAD_CHUNK); // too small
      assertMissing(lease.put(0, 0, part(changed, 0, PART)), update);
      assertRefused(lease.put(0, PART, part(chunk, PART, end)), Why.BAD_CHUNK);

      assertMissing(lease.put(0, 0, part(chunk, 0, PART)), update);
      assertMissing(lease.put(0, PART, part(chunk, PART, end - 1)), update);
      assertThat(lease.put(0, end - 1, part(chunk, end - 1, end)))
          .isEqualTo(new Intake.Progress(update.upload(), 2, new byte[] {1}));
      assertThat(lease.put(0, 0, part(changed, 0, PART))) // a repeat, and not written
          .isEqualTo(new Intake.Progress(update.upload(), 2, new byte[] {1}));
      lease.close();
    }

    assertThat(c.send(site, update)).isEqualTo(new Intake.Accepted(update.upload(), false));
  }

  /** The part that a dead stream still holds must not come between those of the living one. */
  @Test
  void f4_oldStreamInTheMiddleOfAChunk_newOneBeginsIt() throws Exception {
    Sealed update = honest();
    byte[] chunk = update.chunks().get(0);
    var _ = c.studies().begin(site, update.body(), update.signature());
    if (c.studies().attach(site, update.upload()) instanceof Intake.Attached(var dead)) {
      assertMissing(dead.put(0, 0, part(chunk, 0, PART)), update);
      var _ = c.studies().begin(site, update.body(), update.signature());
      if (c.studies().attach(site, update.upload()) instanceof Intake.Attached(var living)) {
        assertMissing(living.put(0, 0, part(chunk, 0, PART)), update);
        assertRefused(dead.put(0, PART, part(chunk, PART, chunk.length)), Why.BUSY);
        assertThat(living.put(0, PART, part(chunk, PART, chunk.length)))
            .isEqualTo(new Intake.Progress(update.upload(), 2, new byte[] {1}));
        living.close();
      }
    }

    assertThat(c.send(site, update)).isEqualTo(new Intake.Accepted(update.upload(), false));
  }

  private static ByteBuffer part(byte[] chunk, int from, int to) {
    return ByteBuffer.wrap(chunk, from, to - from);
  }

  private static void assertMissing(Intake put, Sealed update) {
    assertThat(put).isEqualTo(new Intake.Progress(update.upload(), 2, new byte[] {0}));
  }

  @Test
  void badInput_30_secondUploadMeanwhile_busyUntilTheFirstEnds() throws Exception {
    Sealed update = honest();
    var _ = c.studies().begin(site, update.body(), update.signature());
    if (c.studies().attach(site, update.upload()) instanceof Intake.Attached(var lease)) {
      assertRefused(c.studies().attach(site, update.upload()), Why.BUSY);
      assertRefused(c.send(site, honest()), Why.BUSY);
      lease.close();
    }

    assertThat(c.send(site, update)).isEqualTo(new Intake.Accepted(update.upload(), false));
  }

  /** A cut that the coordinator has not noticed: the site comes back and sends nothing twice. */
  @Test
  void f4_siteAnnouncesAgainWhileItsOldStreamStands_newOneSends() throws Exception {
    Sealed update = honest();
    var _ = c.studies().begin(site, update.body(), update.signature());
    if (c.studies().attach(site, update.upload()) instanceof Intake.Attached(var dead)) {
      var _ = dead.put(1, 0, ByteBuffer.wrap(update.chunks().get(1)));

      assertThat(c.studies().begin(site, update.body(), update.signature()))
          .isEqualTo(new Intake.Progress(update.upload(), 2, new byte[] {2}));
      if (c.studies().attach(site, update.upload()) instanceof Intake.Attached(var living)) {
        assertRefused(dead.put(0, 0, ByteBuffer.wrap(update.chunks().get(0))), Why.BUSY);
        dead.close(); // late, and not the living one's end
        assertRefused(c.studies().attach(site, update.upload()), Why.BUSY);
        assertThat(living.put(0, 0, ByteBuffer.wrap(update.chunks().get(0))))
            .isEqualTo(new Intake.Progress(update.upload(), 2, new byte[] {3}));
        living.close();
      }
    }

    assertThat(c.studies().commit(site, update.upload()))
        .isEqualTo(new Intake.Accepted(update.upload(), false));
  }

  @Test
  void badInput_29_cutInMidUpload_resumesAtTheMissingChunk() throws Exception {
    Sealed update = honest();
    var _ = c.studies().begin(site, update.body(), update.signature());
    if (c.studies().attach(site, update.upload()) instanceof Intake.Attached(var lease)) {
      var _ = lease.put(1, 0, ByteBuffer.wrap(update.chunks().get(1)));
      lease.close();
    }
    assertRefused(c.studies().commit(site, update.upload()), Why.INCOMPLETE);

    c.restart(c.journal);

    assertThat(c.studies().begin(site, update.body(), update.signature()))
        .isEqualTo(new Intake.Progress(update.upload(), 2, new byte[] {2}));
    assertThat(c.send(site, update)).isEqualTo(new Intake.Accepted(update.upload(), false));
  }

  @Test
  void badInput_35_diskFullInMidUpload_refusedAndLaterAccepted() throws Exception {
    Sealed update = honest();
    AtomicLong usable = new AtomicLong((16L << 20) + 2_000_000);
    c.space = usable::get;
    assertThat(c.studies().begin(site, update.body(), update.signature()))
        .isInstanceOf(Intake.Progress.class);

    usable.set(100);
    assertRefused(c.send(site, update), Why.DISK_FULL);

    usable.set(1L << 40);
    assertThat(c.send(site, update)).isEqualTo(new Intake.Accepted(update.upload(), false));
  }

  @Test
  void badInput_39_weightOrSamplesOtherThanAgreed_refused() throws Exception {
    UpdateManifest m = honest().manifest();

    assertRefused(c.send(site, with(m, m.context(), 1, 1, m.weight() + 1)), Why.WRONG_WEIGHT);
  }

  @Test
  void badInput_37_coordinateOutOfBounds_refusedAndForgotten() throws Exception {
    Sealed poisoned =
        c.site(site).train(task, plan, vector -> vector[262_200] = Integer.MIN_VALUE, 1);

    Intake outcome = c.send(site, poisoned);

    assertRefused(outcome, Why.OUT_OF_BOUNDS);
    assertThat(outcome.toString()).contains("coordinate 262200");
    assertThat(Files.exists(folder.resolve("state/spool/pneumonia/1-1/site-a.sealed"))).isFalse();
    Sealed update = honest();
    assertThat(c.send(site, update)).isEqualTo(new Intake.Accepted(update.upload(), false));
  }

  @Test
  void badInput_39_normTooLargeOrFalselyDeclared_refused() throws Exception {
    TestSite me = c.site(site);
    // b is 24 bits for W 16 and 3 sites, C is 8: a coordinate of 2^24 is 8. 200 of them: 113 > 100.
    Sealed large =
        me.train(
            task,
            plan,
            vector -> java.util.Arrays.fill(vector, 0, 200, vector[vector.length - 2] << 24),
            1);
    assertRefused(c.send(site, large), Why.NORM_TOO_LARGE);

    assertRefused(c.send(site, me.train(task, plan, _ -> {}, 0.5)), Why.NORM_MISMATCH);
    assertRefused(c.send(site, me.train(task, plan, _ -> {}, 2)), Why.NORM_MISMATCH);
  }

  @Test
  void trailer_otherWeightInside_refused() throws Exception {
    Sealed heavier = c.site(site).train(task, plan, vector -> vector[vector.length - 2]++, 1);

    assertRefused(c.send(site, heavier), Why.BAD_TRAILER);
  }

  @Test
  void report_forgedUnaskedOrRepeated() throws Exception {
    TestSite me = c.site(site);
    byte[] early = me.report(task);
    var outcome = c.studies().report(site, early, me.sign(SignedKind.REPORT, early));
    assertThat(outcome.toString()).contains("WRONG_ROUND");
    outcome = c.studies().report(site, early, me.sign(SignedKind.UPDATE, early));
    assertThat(outcome.toString()).contains("BAD_SIGNATURE");
    for (SiteId id : c.ids) {
      var _ = c.send(id, c.update(id, task));
    }
    TestConsortium.await(
        () -> c.pendingTask(site).filter(t -> t.kind() == RoundTask.Kind.VALIDATE).isPresent());
    byte[] body = me.report(c.task(site));
    byte[] signature = me.sign(SignedKind.REPORT, body);

    assertThat(c.studies().report(site, body, signature).toString()).contains("duplicate=false");
    assertThat(c.studies().report(site, body, signature).toString()).contains("duplicate=true");
  }

  private Sealed honest() {
    return c.site(site).train(task, plan);
  }

  private Sealed with(UpdateManifest m, Digest context, int round, int attempt, int weight) {
    return c.site(site)
        .signed(
            new UpdateManifest(
                context,
                new RoundId(m.round().study(), round),
                attempt,
                m.base(),
                m.layoutDigest(),
                m.vectorLength(),
                weight,
                m.samples(),
                m.norm(),
                m.trainingLoss(),
                m.seal()),
            List.of());
  }

  private Sealed with(UpdateManifest m, ModelVersion base, Digest layout, long length) {
    return c.site(site)
        .signed(
            new UpdateManifest(
                m.context(),
                m.round(),
                m.attempt(),
                base,
                layout,
                length,
                m.weight(),
                m.samples(),
                m.norm(),
                m.trainingLoss(),
                new UpdateManifest.Seal(
                    m.seal().encapsulation(),
                    m.seal().sealedBytes() + Integer.BYTES * (length - m.vectorLength()),
                    m.seal().chunkDigests())),
            List.of());
  }

  private static void assertRefused(Intake outcome, Why why) {
    assertThat(outcome)
        .isInstanceOfSatisfying(
            Intake.Rejected.class, r -> assertThat(r.why()).as(r.detail()).isEqualTo(why));
  }
}
