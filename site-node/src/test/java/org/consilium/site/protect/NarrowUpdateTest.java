package org.consilium.site.protect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.consilium.models.federated.CoarseVector;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.TensorSpec;
import org.consilium.protocol.Encoding;
import org.consilium.protocol.Exposure;
import org.consilium.protocol.Limits;
import org.consilium.protocol.Robust;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.StudyPlan;
import org.consilium.security.fixed.FixedTerms;
import org.consilium.security.seal.UpdateOpener;
import org.consilium.site.train.PlainDeltas;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Updates of few bytes a value, and what rounding leaves at the site. */
final class NarrowUpdateTest {
  // Two chunks of 2^18 values; the second tensor is in both.
  private static final ParameterLayout LAYOUT =
      ParameterLayout.of(List.of(TensorSpec.of("a", 1000), TensorSpec.of("b", 300_000)));

  @TempDir Path folder;

  private Consortium consortium;
  private Residuals residuals;
  private final List<String> log = new ArrayList<>();

  @BeforeEach
  void found() throws Exception {
    consortium = new Consortium(folder.resolve("ca"));
    residuals = Residuals.in(folder.resolve("study"), log::add);
  }

  @Test
  void protect_int8_aQuarterOfTheBytesAndEachValueWithinHalfAStep() throws Exception {
    float[] delta = delta(1);

    SealedUpdate update = seal(Encoding.INT8, delta, task(1));

    assertThat(update.manifest().valueBytes()).isEqualTo(1);
    assertThat(update.manifest().seal().chunks()).isEqualTo(2);
    assertThat(update.manifest().seal().sealedBytes()).isEqualTo(301_002 + 2 * 16);
    assertThat(Files.size(update.spool())).isEqualTo(301_002 + 2 * 16);
    double[] sent = decoded(update);
    byte[] shifts = update.manifest().seal().shifts();
    for (int i = 0; i < delta.length; i++) {
      double step = Math.scalb(1.0, shifts[i < 1000 ? 0 : 1] - scale());
      assertThat(sent[i]).isCloseTo(delta[i], within(step / 2 * 1.0001));
    }
    // The tensors differ by 2^10 in size, and each has its own grid.
    assertThat(shifts[0] - shifts[1]).isBetween(9, 11);
  }

  @Test
  void protect_normAtTheClip_whatIsSentKeepsToIt() throws Exception {
    // One value nearly fills the range; clipped to 5, the others are 1.6 steps and would be sent as
    // 2.
    float[] delta = new float[(int) LAYOUT.length()];
    for (int i = 0; i < delta.length; i++) {
      delta[i] = i == 1000 ? 1.5f : i > 1000 && i % 2 == 0 ? 0.02f : 0;
    }

    SealedUpdate update = seal(Encoding.INT8, delta, task(1));

    double squares = 0;
    for (double value : decoded(update)) {
      squares += value * value;
    }
    assertThat(Math.sqrt(squares)).isLessThanOrEqualTo(5 * (1 + 1e-6)).isGreaterThan(1);
    assertThat(update.manifest().norm()).isLessThan(5);
  }

  @Test
  void protect_int16_isFiner() throws Exception {
    float[] delta = delta(1);

    double[] sent = decoded(seal(Encoding.INT16, delta, task(1)));

    double largest = 0;
    for (int i = 1000; i < delta.length; i++) {
      largest = Math.max(largest, Math.abs(sent[i] - delta[i]));
    }
    // All 15 digits are not needed: it is rounded to the unit of the fixed point, 2^-23.
    assertThat(largest).isBetween(1e-9, 0x1p-24 * 1.0001);
  }

  @Test
  void protect_nextRoundAfterAcceptance_addsWhatWasLeftOver() throws Exception {
    float[] delta = delta(1);
    double[] first = decoded(seal(Encoding.INT8, delta, task(1)));
    residuals.accept(1);

    double[] second = decoded(seal(Encoding.INT8, delta, task(2)));

    // What was sent twice is nearer to twice the delta than one rounding twice is.
    double fed = 0;
    double unfed = 0;
    for (int i = 0; i < delta.length; i++) {
      fed += Math.abs(first[i] + second[i] - 2.0 * delta[i]);
      unfed += Math.abs(2 * first[i] - 2.0 * delta[i]);
    }
    assertThat(fed).isLessThan(0.6 * unfed);
  }

  @Test
  void protect_roundThatWasNotAccepted_leavesNothingBehind() throws Exception {
    float[] delta = delta(1);
    byte[] first = plain(seal(Encoding.INT8, delta, task(1)));
    residuals.accept(1);
    byte[] second = plain(seal(Encoding.INT8, delta, task(2)));

    // Never accepted; asked again, and in another round.
    byte[] again = plain(seal(Encoding.INT8, delta, task(2)));
    byte[] third = plain(seal(Encoding.INT8, delta, task(3)));

    assertThat(again).isEqualTo(second).isNotEqualTo(first);
    assertThat(third).isEqualTo(second);
  }

  @Test
  void protect_anyThreads_sameBytes() throws Exception {
    float[] delta = delta(1);
    byte[] one = plain(seal(Encoding.INT8, delta, task(1)));

    byte[] three = plain(((Protection.Sealed) protect(Encoding.INT8, delta, task(1), 3)).update());

    assertThat(three).isEqualTo(one);
  }

  @Test
  void protect_leftOverOfAnotherLayoutOrTorn_beginsFromZero() throws Exception {
    byte[] first = plain(seal(Encoding.INT8, delta(1), task(1)));
    Files.write(leftOver(1), new byte[40]);

    byte[] second = plain(seal(Encoding.INT8, delta(1), task(2)));

    assertThat(second).isEqualTo(first);
    assertThat(leftOver(1)).doesNotExist();
    assertThat(log)
        .singleElement()
        .asString()
        .contains("residual-1.f32 is of another layout or torn", "nothing left over");
  }

  /** One bit makes 2^-20 a number of 2^108: unseen, it would be clipped to an update of norm S. */
  @Test
  void protect_leftOverWithOneBitFlipped_beginsFromZero() throws Exception {
    byte[] first = plain(seal(Encoding.INT8, delta(1), task(1)));
    for (int threads : List.of(1, 3)) {
      for (int coordinate : List.of(0, Residuals.BLOCK, 300_999)) {
        residuals.accept(1);
        assertThat(leftOver(1)).exists();
        flip(leftOver(1), 32 + 4L * coordinate + 3, 0x40); // the exponent's highest bit

        byte[] second =
            plain(
                ((Protection.Sealed) protect(Encoding.INT8, delta(1), task(2), threads)).update());

        assertThat(second).as("coordinate " + coordinate).isEqualTo(first);
        assertThat(leftOver(1)).doesNotExist();
        assertThat(log).singleElement().asString().contains("residual-1.f32 has other values");
        log.clear();
        byte[] again = plain(seal(Encoding.INT8, delta(1), task(1)));
        assertThat(again).isEqualTo(first);
      }
    }
  }

  @Test
  void protect_leftOverWrittenWithoutChecksums_beginsFromZero() throws Exception {
    byte[] first = plain(seal(Encoding.INT8, delta(1), task(1)));
    residuals.accept(1);
    byte[] whole = Files.readAllBytes(leftOver(1));
    // 301,000 values have three blocks of 2^17, and four bytes for each.
    assertThat(whole).hasSize(32 + 4 * 301_000 + 4 * 3);
    Files.write(leftOver(1), Arrays.copyOf(whole, whole.length - 4 * 3));

    byte[] second = plain(seal(Encoding.INT8, delta(1), task(2)));

    assertThat(second).isEqualTo(first);
    assertThat(log).hasSize(1);
  }

  /** What was left over of the damaged round is in the update already, and must not come twice. */
  @Test
  void protect_newestLeftOverDamaged_theOneBeforeIsNotUsed() throws Exception {
    byte[] first = plain(seal(Encoding.INT8, delta(1), task(1)));
    residuals.accept(1);
    byte[] second = plain(seal(Encoding.INT8, delta(1), task(2)));
    residuals.accept(2);
    flip(leftOver(2), 32, 1);

    byte[] third = plain(seal(Encoding.INT8, delta(1), task(3)));

    assertThat(third).isEqualTo(first).isNotEqualTo(second);
    assertThat(leftOver(1)).doesNotExist();
  }

  @Test
  void seal_reopened_isFoundWhole() throws Exception {
    SealedUpdate update = seal(Encoding.INT16, delta(1), task(1));

    long at = update.manifest().chunkAt(1);

    assertThat(at).isEqualTo((1 << 19) + Limits.CHUNK_TAG_BYTES);
    assertThat(at + update.manifest().chunkBytes(1)).isEqualTo(Files.size(update.spool()));
  }

  private Path leftOver(int round) {
    return folder.resolve("study").resolve("residual-%d.f32".formatted(round));
  }

  private static void flip(Path file, long at, int bits) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    bytes[Math.toIntExact(at)] ^= (byte) bits;
    Files.write(file, bytes);
  }

  private RoundTask task(int round) throws Exception {
    RoundTask first = consortium.task(LAYOUT, 1);
    return new RoundTask(
        first.kind(),
        first.study(),
        first.studyDigest(),
        round,
        first.attempt(),
        first.window(),
        first.model(),
        first.remaining(),
        first.terms());
  }

  private SealedUpdate seal(Encoding encoding, float[] delta, RoundTask task) throws IOException {
    return ((Protection.Sealed) protect(encoding, delta, task, 1)).update();
  }

  private Protection protect(Encoding encoding, float[] delta, RoundTask task, int threads)
      throws IOException {
    return new UpdateProtector(consortium.north, consortium.chains(), threads)
        .protect(
            PlainDeltas.trained(LAYOUT, delta),
            new Assignment(
                task,
                plan(encoding),
                80,
                2,
                Optional.empty(),
                folder.resolve("spool"),
                Optional.empty(),
                residuals));
  }

  private static StudyPlan plan(Encoding encoding) {
    StudyPlan p = Consortium.plan();
    StudyPlan.Protection full = p.protection();
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
            new Exposure.Sealed(Robust.none(), encoding),
            full.clip(),
            full.range(),
            full.weightMax(),
            full.minSamples(),
            full.smallCell()),
        p.participation(),
        p.monitoring(),
        p.labels(),
        p.select(),
        p.seed(),
        p.rounds());
  }

  private static int scale() {
    return FixedTerms.of(64, 2, 8).scaleExponent(0);
  }

  /** The delta that was sent, as the coordinator reads it. */
  private double[] decoded(SealedUpdate update) throws Exception {
    byte[] plain = plain(update);
    int bytes = update.manifest().valueBytes();
    CoarseVector vector = new CoarseVector(LAYOUT, bytes, update.manifest().seal().shifts());
    int length = (int) update.manifest().vectorLength();
    double[] all = new double[length];
    int weight = update.manifest().weight();
    for (int first = 0; first < length; first += 1 << 18) {
      int count = Math.min(1 << 18, length - first);
      int[] block = new int[count];
      vector.expand(
          Arrays.copyOfRange(plain, first * bytes, (first + count) * bytes),
          first,
          count,
          weight,
          block);
      for (int i = 0; i < count; i++) {
        all[first + i] = Math.scalb((double) block[i] / weight, -scale());
      }
    }
    int[] trailer = new int[2];
    vector.expand(
        Arrays.copyOfRange(plain, plain.length - 2 * bytes, plain.length),
        LAYOUT.length(),
        2,
        weight,
        trailer);
    assertThat(trailer).containsExactly(weight, 0);
    return Arrays.copyOf(all, (int) LAYOUT.length());
  }

  private byte[] plain(SealedUpdate update) throws Exception {
    byte[] sealed = Files.readAllBytes(update.spool());
    int chunks = update.manifest().seal().chunks();
    byte[] plain =
        new byte[(int) (update.manifest().valueBytes() * update.manifest().vectorLength())];
    int at = 0;
    try (UpdateOpener opener =
        UpdateOpener.open(
            consortium.aggregation,
            update.manifest().seal().encapsulation(),
            update.manifest().context().bytes(),
            "north",
            chunks)) {
      for (int i = 0; i < chunks; i++) {
        int from = (int) update.manifest().chunkAt(i);
        at += opener.open(i, sealed, from, update.manifest().chunkBytes(i), plain, at);
      }
    }
    return plain;
  }

  /** a within ±2^-2, b within ±2^-12. */
  private static float[] delta(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] delta = new float[(int) LAYOUT.length()];
    for (int i = 0; i < delta.length; i++) {
      double bound = i < 1000 ? 0x1p-2 : 0x1p-12;
      delta[i] = (float) random.nextDouble(-bound, bound);
    }
    return delta;
  }
}
