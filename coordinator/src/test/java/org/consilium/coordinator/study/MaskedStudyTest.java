package org.consilium.coordinator.study;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.consilium.coordinator.intake.Intake;
import org.consilium.coordinator.intake.Intake.Why;
import org.consilium.coordinator.round.MaskEvent.Kind;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.protocol.Aggregation;
import org.consilium.protocol.Digest;
import org.consilium.protocol.Exposure;
import org.consilium.protocol.MaskMessage;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.UpdateManifest;
import org.consilium.protocol.wire.PlanCodec;
import org.consilium.security.fixed.FixedTerms;
import org.consilium.security.mask.PairKey;
import org.consilium.security.mask.Parcel;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Masked rounds at the coordinator: real protocol, real spool, real journal. */
final class MaskedStudyTest {
  /** More than the turns that all phases take. */
  private static final int RESTARTS = 30;

  @TempDir private Path folder;

  private static StudyPlan masked(TestPlan wanted) {
    return masked(wanted, Exposure.Ring.BITS_32);
  }

  private static StudyPlan masked(TestPlan wanted, Exposure.Ring ring) {
    StudyPlan p = wanted.plan();
    StudyPlan.Protection s = p.protection();
    return new StudyPlan(
        p.study(),
        p.title(),
        p.model(),
        p.foundation(),
        p.task(),
        p.tuning(),
        p.training(),
        p.aggregation(),
        new StudyPlan.Protection(
            new Exposure.Masked(ring),
            s.clip(),
            s.range(),
            s.weightMax(),
            s.minSamples(),
            s.smallCell()),
        p.participation(),
        p.monitoring(),
        p.labels(),
        p.select(),
        p.seed(),
        p.rounds());
  }

  private static MaskedSites begin(TestConsortium c, StudyPlan plan) throws Exception {
    var _ = c.studies().create(PlanCodec.encode(plan));
    MaskedSites sites = new MaskedSites(c);
    for (SiteId id : c.ids) {
      sites.act(id);
    }
    var _ = c.studies().start(TestConsortium.STUDY);
    TestConsortium.await(() -> !c.snapshot().rounds().isEmpty());
    return sites;
  }

  private static void run(TestConsortium c, MaskedSites sites, BooleanSupplier done) {
    TestConsortium.await(
        () -> {
          c.failIfDead();
          for (SiteId id : c.sites.keySet()) {
            act(sites, id);
          }
          return done.getAsBoolean();
        });
  }

  private static void act(MaskedSites sites, SiteId id) {
    try {
      sites.act(id);
    } catch (IOException dead) {
      throw new TestConsortium.DeadCoordinator(dead);
    }
  }

  /** A parcel of legal form that nobody could open. */
  private static MaskMessage.Parcel parcel(MaskedSites.Attempt attempt, int to) {
    return new MaskMessage.Parcel(
        attempt.place,
        attempt.site.site(),
        to,
        new byte[Parcel.ENVELOPE_BYTES],
        new byte[PairKey.CIPHERTEXT_BYTES],
        Digest.sha256(new byte[1]),
        Digest.sha256(new byte[2]));
  }

  private static BooleanSupplier completed(TestConsortium c) {
    return () -> c.snapshot().state() == StudySnapshot.State.COMPLETED;
  }

  private static List<String> versions(TestConsortium c) {
    return c.snapshot().models().stream().map(m -> m.version().toString()).toList();
  }

  @Test
  void study_masked_publishesTheVersionsOfASealedOne() throws Exception {
    List<String> sealed;
    try (TestConsortium c = new TestConsortium(folder.resolve("sealed"), 4)) {
      StudyPlan _ = c.begin(TestPlan.of(c.ids).rounds(2, 0));
      c.run(c.ids, StudySnapshot.State.COMPLETED);
      sealed = versions(c);
    }
    try (TestConsortium c = new TestConsortium(folder.resolve("masked"), 4)) {
      MaskedSites sites = begin(c, masked(TestPlan.of(c.ids).rounds(2, 0)));
      run(c, sites, completed(c));

      assertThat(versions(c)).isEqualTo(sealed).hasSize(3);
    }
  }

  @Test
  void study_ringOf64Bits_everyVersionIsThePlainMeanOfTheSum() throws Exception {
    try (TestConsortium c = new TestConsortium(folder, 4)) {
      StudyPlan plan =
          masked(
              TestPlan.of(c.ids).rounds(2, 0).quorum(3).parameters(200_000), // two chunks
              Exposure.Ring.BITS_64);
      MaskedSites sites = begin(c, plan);
      run(c, sites, completed(c));

      List<String> versions = versions(c);
      assertThat(versions).hasSize(3);
      for (int round = 1; round <= 2; round++) {
        long[] sum = Objects.requireNonNull(sites.sums.get(round));
        float[] expected = parameters(versions.get(round - 1));
        for (int i = 0; i < expected.length; i++) {
          // 24 digits after the point, and before the count of clipped values the sum of weights.
          double mean = sum[i] / (double) sum[sum.length - 2] * 0x1p-24;
          expected[i] = (float) (expected[i] + mean);
        }
        assertThat(parameters(versions.get(round))).as("round " + round).isEqualTo(expected);
      }
    }
  }

  /** Of a version's file in the registry. */
  private float[] parameters(String version) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      Path file = files.filter(f -> f.endsWith(version + ".safetensors")).findFirst().orElseThrow();
      try (SafetensorsFile open = SafetensorsFile.open(file)) {
        float[] all = new float[Math.toIntExact(open.layout().length())];
        open.read(0, all, 0, all.length);
        return all;
      }
    }
  }

  @Test
  void round_dealerOfBadShares_isNamedAndLeftOutAfterTheSecondTime() throws Exception {
    try (TestConsortium c = new TestConsortium(folder, 5)) {
      MaskedSites sites = begin(c, masked(TestPlan.of(c.ids).rounds(1, 0).quorum(3)));
      SiteId dealer = c.ids.getLast();
      sites.dealers.put(dealer, p -> p.to() < 2 ? spoilt(p) : p);
      run(c, sites, completed(c));

      List<StudySnapshot.RoundSummary> rounds = c.snapshot().rounds();
      assertThat(rounds).hasSize(3);
      for (StudySnapshot.RoundSummary failed : rounds.subList(0, 2)) {
        assertThat(failed.outcome()).isEqualTo(StudySnapshot.Outcome.ABANDONED);
        assertThat(failed.masking().orElseThrow().blamed())
            .containsExactly(
                "%s says that %s's shares do not open".formatted(c.ids.get(0), dealer),
                "%s says that %s's shares do not open".formatted(c.ids.get(1), dealer));
        assertThat(failed.words()).contains("sites declined", dealer + "'s shares do not open");
      }
      assertThat(rounds.getLast().outcome()).isEqualTo(StudySnapshot.Outcome.COMPLETED);
      assertThat(rounds.getLast().updates()).hasSize(4).doesNotContainKey(dealer);
      c.restart(c.journal);
      assertThat(c.snapshot().rounds().getFirst().masking().orElseThrow().blamed()).hasSize(2);
    }
  }

  @Test
  void round_oneSiteComplainsAgainAndAgain_nobodyIsLeftOut() throws Exception {
    try (TestConsortium c = new TestConsortium(folder, 5)) {
      MaskedSites sites = begin(c, masked(TestPlan.of(c.ids).rounds(3, 0).quorum(3)));
      SiteId dealer = c.ids.getLast();
      sites.dealers.put(dealer, p -> p.to() == 0 ? spoilt(p) : p);
      run(c, sites, completed(c));

      List<StudySnapshot.RoundSummary> rounds = c.snapshot().rounds();
      assertThat(rounds).hasSize(3);
      assertThat(rounds)
          .allSatisfy(r -> assertThat(r.masking().orElseThrow().blamed()).hasSize(1))
          .allSatisfy(r -> assertThat(r.updates()).hasSize(4).containsKey(dealer));
    }
  }

  private static MaskMessage.Parcel spoilt(MaskMessage.Parcel p) {
    byte[] envelope = p.envelope().clone();
    envelope[envelope.length - 1] ^= 1;
    return new MaskMessage.Parcel(
        p.place(),
        p.from(),
        p.to(),
        envelope,
        p.ciphertext(),
        p.pairCommitment(),
        p.selfCommitment());
  }

  @Test
  void round_whileItMasks_saysWhoIsWaitedFor() throws Exception {
    try (TestConsortium c = new TestConsortium(folder, 4)) {
      MaskedSites sites = begin(c, masked(TestPlan.of(c.ids).rounds(1, 0)));
      SiteId late = c.ids.getLast();
      RoundTask _ = c.task(late);
      Set<String> said = new LinkedHashSet<>();
      TestConsortium.await(
          () -> {
            c.ids.subList(0, 3).forEach(id -> act(sites, id));
            said.add(c.snapshot().rounds().getFirst().words());
            return said.stream()
                .anyMatch(w -> w.equals("masking: keys of %s awaited".formatted(late)));
          });
      TestConsortium.await(
          () -> {
            c.ids.forEach(id -> act(sites, id));
            said.add(c.snapshot().rounds().getFirst().words());
            return c.snapshot().rounds().getFirst().version().isPresent();
          });

      assertThat(said).anyMatch(w -> w.startsWith("masking: uploads"));
      assertThat(c.snapshot().rounds().getFirst().words()).isEmpty();
    }
  }

  @Test
  void study_coordinatorRestartedAfterEverySitesTurn_isTheSame() throws Exception {
    List<String> calm;
    try (TestConsortium c = new TestConsortium(folder.resolve("calm"), 3)) {
      MaskedSites sites = begin(c, masked(TestPlan.of(c.ids).rounds(1, 0)));
      run(c, sites, completed(c));
      calm = versions(c);
    }
    try (TestConsortium c = new TestConsortium(folder.resolve("killed"), 3)) {
      MaskedSites sites = begin(c, masked(TestPlan.of(c.ids).rounds(1, 0)));
      RoundTask _ = c.task(c.ids.getFirst());
      for (int turn = 0; turn < RESTARTS; turn++) {
        sites.act(c.ids.get(turn % c.ids.size()));
        c.restart(c.journal);
      }
      run(c, sites, completed(c));

      assertThat(versions(c)).isEqualTo(calm);
    }
  }

  @Tag("slow")
  @Test
  void study_coordinatorDeadBeforeOrAfterAnyAppend_isTheSame() throws Exception {
    int count = 4; // one drops out
    List<String> calm;
    int appends;
    try (TestConsortium c = new TestConsortium(folder.resolve("calm"), count)) {
      throughDropOut(c, begin(c, masked(TestPlan.of(c.ids).rounds(1, 0).quorum(3))));
      calm = versions(c);
      appends = c.entries();
    }
    assertThat(calm).hasSize(2);
    // Created, every answer, the start and the opening of the round are there when sites mask.
    for (int at = count + 4; at <= appends; at++) {
      for (boolean written : new boolean[] {false, true}) {
        String name = "append %d %s".formatted(at, written ? "written" : "not written");
        try (TestConsortium c = new TestConsortium(folder.resolve(name), count)) {
          MaskedSites sites = begin(c, masked(TestPlan.of(c.ids).rounds(1, 0).quorum(3)));
          FaultyJournal faulty = new FaultyJournal(c.journal, at - c.entries(), written);
          c.restart(faulty);
          try {
            throughDropOut(c, sites);
          } catch (TestConsortium.DeadCoordinator dead) {
            // the next process is started below
          }
          assertThat(faulty.struck()).as(name).isTrue();
          c.restart(c.journal);
          throughDropOut(c, sites);

          assertThat(versions(c)).as(name).isEqualTo(calm);
          assertThat(c.entries()).as(name).isEqualTo(appends);
        }
      }
    }
  }

  /** To the end; the last site masks and is shut out before it sends. */
  private static void throughDropOut(TestConsortium c, MaskedSites sites) {
    SiteId last = c.ids.getLast();
    sites.silent.add(last);
    run(c, sites, () -> c.snapshot().rounds().getFirst().updates().size() == 3);
    c.sites.remove(last);
    run(c, sites, completed(c));
  }

  @Test
  void round_siteShutOutAfterItsUpload_isADropOutAndItsMasksComeOff() throws Exception {
    try (TestConsortium c = new TestConsortium(folder, 5)) {
      MaskedSites sites = begin(c, masked(TestPlan.of(c.ids).rounds(1, 0).quorum(3)));
      SiteId last = c.ids.getLast();
      sites.silent.add(last);
      run(c, sites, () -> c.snapshot().rounds().getFirst().updates().size() == 4);
      c.sites.remove(last);
      run(c, sites, completed(c));

      assertThat(c.snapshot().rounds().getFirst().updates()).hasSize(4).doesNotContainKey(last);
      assertThat(versions(c)).hasSize(2);
    }
  }

  @Test
  void badInput_23_wrongShares_othersDoInsteadAndTheSumIsRight() throws Exception {
    List<String> honest;
    try (TestConsortium c = new TestConsortium(folder.resolve("honest"), 4)) {
      MaskedSites sites = begin(c, masked(TestPlan.of(c.ids).rounds(1, 0)));
      run(c, sites, completed(c));
      honest = versions(c);
    }
    try (TestConsortium c = new TestConsortium(folder.resolve("lying"), 4)) {
      MaskedSites sites = begin(c, masked(TestPlan.of(c.ids).rounds(1, 0)));
      sites.liars.put(
          c.ids.getFirst(),
          share -> {
            byte[] flipped = share.share().clone();
            flipped[0] ^= 1;
            return new MaskMessage.Share(share.of(), share.pairKey(), flipped, share.salt());
          });
      run(c, sites, completed(c));

      assertThat(versions(c)).isEqualTo(honest);
    }
  }

  @Test
  void badInput_22_consentToOtherSurvivors_isRefused() throws Exception {
    try (TestConsortium c = new TestConsortium(folder, 4)) {
      MaskedSites sites = begin(c, masked(TestPlan.of(c.ids).rounds(1, 0)));
      RoundTask task = c.task(c.ids.getFirst());
      MaskedSites.Attempt attempt = sites.attempt(c.ids.getFirst(), task);
      run(c, sites, () -> c.snapshot().rounds().getFirst().updates().size() == 4);

      Intake other =
          sites.send(
              c.ids.getFirst(),
              Kind.CONSENT,
              List.of(new MaskMessage.Consent(attempt.place, Digest.sha256(new byte[1]))));

      assertThat(other)
          .isInstanceOfSatisfying(
              Intake.Rejected.class, r -> assertThat(r.why()).isEqualTo(Why.WRONG_CONTEXT));
      run(c, sites, completed(c));
    }
  }

  @Test
  void badInput_23_parcelsBeforeAllKeysAreThere_areNotTaken() throws Exception {
    try (TestConsortium c = new TestConsortium(folder, 4)) {
      MaskedSites sites = begin(c, masked(TestPlan.of(c.ids).rounds(1, 0)));
      SiteId early = c.ids.getFirst();
      MaskedSites.Attempt attempt = sites.attempt(early, c.task(early));

      Intake sent = sites.send(early, Kind.PARCELS, List.of(parcel(attempt, 3)));

      assertThat(sent)
          .isInstanceOfSatisfying(
              Intake.Rejected.class,
              r -> {
                assertThat(r.why()).isEqualTo(Why.WRONG_ROUND);
                assertThat(r.detail()).contains("parcels come after it");
              });
      run(c, sites, completed(c));
    }
  }

  @Test
  void badInput_23_parcelsNotForEverySite_areNotTaken() throws Exception {
    try (TestConsortium c = new TestConsortium(folder, 4)) {
      MaskedSites sites = begin(c, masked(TestPlan.of(c.ids).rounds(1, 0)));
      SiteId sly = c.ids.getFirst();
      sites.kept.put(sly, 2); // of three
      sites.act(sly);
      run(c, sites, () -> sites.refused.containsKey(sly));

      assertThat(Objects.requireNonNull(sites.refused.get(sly)).detail())
          .contains("parcels to the sites [1, 2], asked for are [1, 2, 3]");
      sites.kept.clear();
      run(c, sites, completed(c));
    }
  }

  @Test
  void round_meanOfStepsForgedUnderMasks_isBurntAndDoesNotWaitForEver() throws Exception {
    try (TestConsortium c = new TestConsortium(folder, 4)) {
      StudyPlan plan =
          masked(
              TestPlan.of(c.ids)
                  .rounds(1, 0)
                  .aggregation(
                      new Aggregation(
                          Aggregation.Rule.FEDNOVA, 1, 0, 0, 0, 0, Aggregation.Weighting.SAMPLES)));
      MaskedSites sites = begin(c, plan);
      SiteId sly = c.ids.getFirst();
      int bits = FixedTerms.of(16, 4, plan.protection().range()).magnitudeBits();
      int others = 10 + 13 + 16; // the most that their steps can be, taken off again
      int steps = UpdateManifest.TRAILER + 1;
      sites.forgers.put(sly, vector -> vector[vector.length - steps] = -(others << bits));

      run(
          c,
          sites,
          () -> c.snapshot().rounds().getFirst().outcome() == StudySnapshot.Outcome.ABANDONED);

      assertThat(c.snapshot().rounds().getFirst().detail()).contains("mean number of steps is -");
      sites.forgers.clear();
      run(c, sites, completed(c));
    }
  }

  @Test
  void badInput_25_maskedVectorOfASiteThatSharedNothing_isNotTaken() throws Exception {
    try (TestConsortium c = new TestConsortium(folder, 4)) {
      MaskedSites sites = begin(c, masked(TestPlan.of(c.ids).rounds(1, 0)));
      SiteId early = c.ids.getFirst();
      RoundTask task = c.task(early);

      Intake sent = c.send(early, c.site(early).train(task, c.snapshot().plan()));

      assertThat(sent)
          .isInstanceOfSatisfying(
              Intake.Rejected.class,
              r -> assertThat(r.detail()).contains("shared no secrets", "KEYS"));
      run(c, sites, completed(c));
    }
  }

  @Test
  void coordinatorDisk_maskedRound_holdsNoDelta() throws Exception {
    try (TestConsortium c = new TestConsortium(folder, 3)) {
      MaskedSites sites = begin(c, masked(TestPlan.of(c.ids).rounds(1, 0).parameters(5000)));
      SiteId site = c.ids.getFirst();
      RoundTask task = c.task(site);
      List<byte[]> secrets = new ArrayList<>();
      TestSite.Sealed _ =
          c.site(site).train(task, c.snapshot().plan(), v -> secrets.add(bytes(v)), 1);
      run(c, sites, () -> c.snapshot().rounds().getFirst().updates().size() == 3);

      byte[] needle = Arrays.copyOfRange(secrets.getFirst(), 400, 464);
      try (Stream<Path> files = Files.walk(folder.resolve("state"))) {
        for (Path file : files.filter(Files::isRegularFile).toList()) {
          assertThat(contains(Files.readAllBytes(file), needle)).as(file.toString()).isFalse();
        }
      }
      run(c, sites, completed(c));
    }
  }

  private static byte[] bytes(int[] vector) {
    var buffer =
        java.nio.ByteBuffer.allocate(4 * vector.length).order(java.nio.ByteOrder.LITTLE_ENDIAN);
    buffer.asIntBuffer().put(vector);
    return buffer.array();
  }

  private static boolean contains(byte[] hay, byte[] needle) {
    for (int i = 0; i + needle.length <= hay.length; i++) {
      if (Arrays.equals(hay, i, i + needle.length, needle, 0, needle.length)) {
        return true;
      }
    }
    return false;
  }
}
