package org.consilium.site.protect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.consilium.models.federated.RoundLayout;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.TensorSpec;
import org.consilium.protocol.Aggregation;
import org.consilium.protocol.Aggregation.Rule;
import org.consilium.protocol.Aggregation.Weighting;
import org.consilium.protocol.Exposure;
import org.consilium.protocol.Limits;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.wire.SignedKind;
import org.consilium.security.fixed.FixedTerms;
import org.consilium.security.fixed.Quantiser;
import org.consilium.security.seal.AggregationKey;
import org.consilium.security.seal.SealBroken;
import org.consilium.security.seal.UpdateOpener;
import org.consilium.site.policy.Why;
import org.consilium.site.train.PlainDeltas;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class UpdateProtectorTest {
  // Two tensors whose border and whose trailer lie inside chunks: two chunks of 2^18 and a rest.
  private static final ParameterLayout LAYOUT =
      ParameterLayout.of(
          List.of(TensorSpec.of("a.weight", 300_001), TensorSpec.of("b.weight", 250_000)));

  @TempDir Path folder;
  private Consortium consortium;

  @BeforeEach
  void found() throws IOException {
    consortium = new Consortium(folder.resolve("ca"));
  }

  @Test
  void protect_smallDelta_opensToTheSameValuesWithinRounding() throws Exception {
    float[] delta = delta(0.001f);
    RoundTask task = consortium.task(LAYOUT, 1);

    SealedUpdate update = seal(delta, task, 1);

    int[] vector = open(update);
    int weight = update.manifest().weight();
    // 80 of 100 reference samples and W = 64: 51.2, rounded to 51.
    assertThat(weight).isEqualTo(51);
    assertThat(vector[LAYOUT.tensors().size() == 2 ? delta.length : 0]).isEqualTo(weight);
    assertThat(vector[delta.length + 1]).isZero();
    int scale = FixedTerms.of(64, 2, 8).scaleExponent(0);
    double step = Math.scalb(1.0, -scale);
    for (int i = 0; i < delta.length; i++) {
      assertThat(Quantiser.decode(vector[i], weight, scale)).isCloseTo(delta[i], within(step));
    }
  }

  @Test
  void protect_normAboveClip_isScaledToTheClip() throws Exception {
    float[] delta = delta(0.1f);
    double norm = norm(delta);

    SealedUpdate update = seal(delta, consortium.task(LAYOUT, 1), 1);

    assertThat(norm).isGreaterThan(5);
    assertThat(update.manifest().norm()).isCloseTo(5, within(1e-9));
    int[] vector = open(update);
    int scale = FixedTerms.of(64, 2, 8).scaleExponent(0);
    double decoded = Quantiser.decode(vector[12_345], update.manifest().weight(), scale);
    assertThat(decoded).isCloseTo(delta[12_345] * 5 / norm, within(Math.scalb(1.0, -scale)));
  }

  /** Whether the one before was clipped decides how often a delta is read, and nothing else. */
  @Test
  void protect_clippedAndNotInTurn_asEachAlone() throws Exception {
    UpdateProtector protector = protector(2);
    for (float bound : new float[] {0.1f, 0.1f, 0.001f, 0.001f, 0.1f}) {
      float[] delta = delta(bound);
      SealedUpdate alone = seal(delta, consortium.task(LAYOUT, 1), 1);
      int[] expected = open(alone);

      SealedUpdate inTurn =
          sealed(protect(protector, delta, consortium.task(LAYOUT, 1), folder.resolve("in-turn")));

      assertThat(inTurn.manifest().norm()).isEqualTo(alone.manifest().norm());
      assertThat(inTurn.manifest().norm()).isCloseTo(Math.min(5, norm(delta)), within(1e-9));
      assertThat(open(inTurn)).isEqualTo(expected);
    }
  }

  /**
   * FedNova: the delta is clipped, the number of steps beside it is neither clipped nor counted.
   */
  @Test
  void protect_clippedDeltaWithSteps_keepsTheSteps() throws Exception {
    List<TensorSpec> tensors = new ArrayList<>(LAYOUT.tensors());
    tensors.add(TensorSpec.of(RoundLayout.STEPS, 1));
    ParameterLayout layout = ParameterLayout.of(tensors);
    float[] delta = java.util.Arrays.copyOf(delta(0.1f), (int) layout.length());
    delta[delta.length - 1] = 0.75f;
    RoundTask task = consortium.task(layout, 1);
    Assignment assignment =
        new Assignment(task, Consortium.plan(), 80, 2, Optional.empty(), folder.resolve("spool"));

    Protection result = protector(1).protect(PlainDeltas.trained(layout, delta), assignment);

    SealedUpdate update = ((Protection.Sealed) result).update();
    assertThat(update.manifest().norm()).isCloseTo(5, within(1e-9));
    int[] vector = open(update);
    int scale = FixedTerms.of(64, 2, 8).scaleExponent(0);
    assertThat(Quantiser.decode(vector[delta.length - 1], update.manifest().weight(), scale))
        .isEqualTo(0.75);
  }

  @Test
  void protect_givenWeights_areUsedUnderTheRuleThatGivesThemAndRefusedElse() throws Exception {
    StudyPlan adjusting =
        Consortium.plan(new Aggregation(Rule.FEDDG_GA, 1, 0, 0, 0, 0.2, Weighting.SAMPLES));
    float[] delta = delta(0.001f);
    RoundTask given = consortium.task(LAYOUT, 7, 64);
    RoundTask half = consortium.task(LAYOUT, 7, 0);

    Protection used = protect(delta, given, adjusting);
    Protection notAsked = protect(delta, given, Consortium.plan());
    Protection incomplete = protect(delta, half, adjusting);

    assertThat(((Protection.Sealed) used).update().manifest().weight()).isEqualTo(7);
    assertThat(((Protection.Refused) notAsked).why()).isEqualTo(Why.NOT_APPROVED);
    assertThat(((Protection.Refused) incomplete).why()).isEqualTo(Why.NOT_APPROVED);
  }

  @Test
  void protect_ringThatWasNotApproved_isRefused() throws Exception {
    RoundTask task = consortium.task(LAYOUT, 1);
    RoundTask.Terms t = task.terms().orElseThrow();
    RoundTask.Terms wide =
        new RoundTask.Terms(
            t.federation(),
            t.participants(),
            t.quorum(),
            t.clip(),
            t.weightMax(),
            t.referenceSamples(),
            t.scaleExponents(),
            t.aggregationKey(),
            t.aggregationChain(),
            2,
            Exposure.Ring.BITS_64);
    RoundTask other =
        new RoundTask(
            task.kind(),
            task.study(),
            task.studyDigest(),
            task.round(),
            task.attempt(),
            task.window(),
            task.model(),
            task.remaining(),
            Optional.of(wide));

    Protection refused = protect(delta(0.001f), other, Consortium.plan());

    assertThat(refused)
        .isInstanceOfSatisfying(
            Protection.Refused.class,
            r -> {
              assertThat(r.why()).isEqualTo(Why.NOT_APPROVED);
              assertThat(r.detail()).contains("a ring of 64 bits, approved were 32");
            });
  }

  private Protection protect(float[] delta, RoundTask task, StudyPlan plan) throws IOException {
    Assignment assignment =
        new Assignment(task, plan, 80, 2, Optional.empty(), folder.resolve("spool"));
    return protector(1).protect(PlainDeltas.trained(LAYOUT, delta), assignment);
  }

  @Test
  void protect_sameDeltaTwice_sameIntegersInAnyAttemptAndAnyThreads() throws Exception {
    float[] delta = delta(0.001f);

    int[] first = open(seal(delta, consortium.task(LAYOUT, 1), 1));
    int[] second = open(seal(delta, consortium.task(LAYOUT, 2), 3));

    assertThat(second).isEqualTo(first);
  }

  @Test
  void badInput_37_oneCoordinateNotFinite_isRefused() throws Exception {
    for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
      float[] delta = delta(0.001f);
      delta[400_000] = bad;
      delta[540_000] = bad;

      Protection result = protect(delta, consortium.task(LAYOUT, 1), 3);

      assertThat(result)
          .isEqualTo(
              new Protection.Refused(Why.DIVERGED, "coordinate 400000 of the delta is not finite"));
      assertThat(folder.resolve("spool")).doesNotExist();
    }
  }

  @Test
  void badInput_37_negativeZeroAndOneSubnormal_areAsZero() throws Exception {
    float[] plain = delta(0.001f);
    float[] odd = plain.clone();
    plain[7] = 0f;
    odd[7] = -0f;
    plain[8] = Float.MIN_VALUE;
    odd[8] = Float.MIN_VALUE;

    int[] first = open(seal(plain, consortium.task(LAYOUT, 1), 1));
    int[] second = open(seal(odd, consortium.task(LAYOUT, 1), 1));

    assertThat(second).isEqualTo(first);
    assertThat(second[7]).isZero();
  }

  @Test
  void badInput_37_stormOfSubnormals_isRefused() throws Exception {
    float[] delta = delta(0.001f);
    java.util.Arrays.fill(delta, 0, 10_000, Float.MIN_VALUE);

    assertThat(protect(delta, consortium.task(LAYOUT, 1), 1))
        .isEqualTo(
            new Protection.Refused(
                Why.DIVERGED, "10000 of 550001 coordinates of the delta are subnormal"));
    assertThat(folder.resolve("spool")).doesNotExist();
  }

  @Test
  void badInput_37_largestFloat_isClippedLikeAnyOther() throws Exception {
    float[] delta = delta(0.001f);
    delta[100] = Float.MAX_VALUE;

    SealedUpdate update = seal(delta, consortium.task(LAYOUT, 1), 1);

    assertThat(update.manifest().norm())
        .isLessThanOrEqualTo(Consortium.plan().protection().clip() * 1.000001);
  }

  @Test
  void protect_anotherAggregationKey_isRefused() throws Exception {
    byte[] foreign = AggregationKey.generate(new SecureRandom()).publicKey();

    Protection result = protect(delta(0.001f), consortium.task(LAYOUT, 1, foreign), 1);

    assertThat(result).isInstanceOf(Protection.Refused.class);
    assertThat(((Protection.Refused) result).why()).isEqualTo(Why.BAD_SIGNATURE);
  }

  @Test
  void badInput_24_fewerParticipantsThanThePolicyDemands_isRefused() throws Exception {
    RoundTask task = consortium.task(LAYOUT, 1);
    Assignment assignment =
        new Assignment(task, Consortium.plan(), 80, 3, Optional.empty(), folder.resolve("spool"));

    Protection result =
        protector(1).protect(PlainDeltas.trained(LAYOUT, delta(0.001f)), assignment);

    assertThat(((Protection.Refused) result).why()).isEqualTo(Why.TOO_FEW_SITES);
  }

  @Test
  void protect_update_isSignedByThisSite() throws Exception {
    SealedUpdate update = seal(delta(0.001f), consortium.task(LAYOUT, 1), 1);

    boolean own =
        consortium
            .north
            .key()
            .verifyingKey()
            .verify(SignedKind.UPDATE.label(), update.body(), update.signature());

    assertThat(own).isTrue();
    assertThat(update.answers(consortium.task(LAYOUT, 1))).isTrue();
    assertThat(update.answers(consortium.task(LAYOUT, 2))).isFalse();
  }

  private UpdateProtector protector(int threads) {
    return new UpdateProtector(consortium.north, consortium.chains(), threads);
  }

  private Protection protect(float[] delta, RoundTask task, int threads) throws IOException {
    return protect(protector(threads), delta, task, folder.resolve("spool"));
  }

  private static Protection protect(
      UpdateProtector protector, float[] delta, RoundTask task, Path spool) throws IOException {
    return protector.protect(
        PlainDeltas.trained(LAYOUT, delta),
        new Assignment(task, Consortium.plan(), 80, 2, Optional.empty(), spool));
  }

  private SealedUpdate seal(float[] delta, RoundTask task, int threads) throws IOException {
    return sealed(protect(delta, task, threads));
  }

  private static SealedUpdate sealed(Protection result) {
    assertThat(result).isInstanceOf(Protection.Sealed.class);
    return ((Protection.Sealed) result).update();
  }

  private int[] open(SealedUpdate update) throws IOException, SealBroken {
    byte[] sealed = Files.readAllBytes(update.spool());
    int chunks = update.manifest().seal().chunks();
    byte[] plain = new byte[(int) (4 * update.manifest().vectorLength())];
    int at = 0;
    try (UpdateOpener opener =
        UpdateOpener.open(
            consortium.aggregation,
            update.manifest().seal().encapsulation(),
            update.manifest().context().bytes(),
            "north",
            chunks)) {
      for (int i = 0; i < chunks; i++) {
        int length = update.manifest().chunkBytes(i);
        at += opener.open(i, sealed, i * Limits.CHUNK_SEALED_BYTES, length, plain, at);
      }
    }
    int[] vector = new int[plain.length / 4];
    ByteBuffer.wrap(plain).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().get(vector);
    return vector;
  }

  private static float[] delta(float bound) {
    SplittableRandom random = new SplittableRandom(5);
    float[] delta = new float[(int) LAYOUT.length()];
    for (int i = 0; i < delta.length; i++) {
      delta[i] = (float) random.nextDouble(-bound, bound);
    }
    return delta;
  }

  private static double norm(float[] delta) {
    double sum = 0;
    for (float value : delta) {
      sum += (double) value * value;
    }
    return Math.sqrt(sum);
  }
}
