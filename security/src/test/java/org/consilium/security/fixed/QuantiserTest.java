package org.consilium.security.fixed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

final class QuantiserTest {
  private static final FixedTerms TERMS = FixedTerms.of(64, 16, 8.0);

  @Test
  void magnitudeBits_tableOfTheLayout_equal() {
    // by hand: 30 - ceil(log2 W) - ceil(log2 n)
    assertThat(FixedTerms.of(64, 16, 8.0).magnitudeBits()).isEqualTo(20);
    assertThat(FixedTerms.of(64, 32, 8.0).magnitudeBits()).isEqualTo(19);
    assertThat(FixedTerms.of(64, 128, 8.0).magnitudeBits()).isEqualTo(17);
    assertThat(FixedTerms.of(64, 1024, 8.0).magnitudeBits()).isEqualTo(14);
    assertThat(FixedTerms.of(1, 3, 0.5).magnitudeBits()).isEqualTo(28);
    assertThat(FixedTerms.of(64, 16, 8.0).scaleExponent(3)).isEqualTo(17);
    assertThat(FixedTerms.of(64, 16, 8.0).clippedCount(Long.MAX_VALUE)).isEqualTo((1 << 26) - 1);
  }

  @Test
  void terms_outOfRange_refused() {
    assertThatThrownBy(() -> FixedTerms.of(65, 3, 8)).hasMessageContaining("65");
    assertThatThrownBy(() -> FixedTerms.of(64, 1025, 8)).hasMessageContaining("1025");
    assertThatThrownBy(() -> FixedTerms.of(64, 3, 7)).hasMessageContaining("power of two");
    assertThatThrownBy(() -> FixedTerms.of(64, 3, Double.NaN)).hasMessageContaining("NaN");
  }

  @Test
  void nextExponent_eightTimesTheLargest_roundedUpToAPowerOfTwo() {
    // by hand: 8*0.01 = 0.08 <= 2^-3; 8*0.125 = 2^0; 8*5 > C = 2^3; zero keeps the last
    assertThat(TERMS.nextExponent(0.01, 1)).isEqualTo(-3);
    assertThat(TERMS.nextExponent(0.125, 1)).isEqualTo(0);
    assertThat(TERMS.nextExponent(5, 1)).isEqualTo(3);
    assertThat(TERMS.nextExponent(0, -7)).isEqualTo(-7);
    assertThat(TERMS.nextExponent(0x1p-1070, 1)).isEqualTo(-1067);
  }

  @Test
  void weight_handCases_clampedAndRounded() {
    // by hand, W = 64, N = 1000: 100*64/1000 = 6.4 -> 6; 117.1875 samples -> 7.5 -> 8 at 118
    assertThat(WeightRule.SAMPLES.weight(100, 1000, 64)).isEqualTo(6);
    assertThat(WeightRule.SAMPLES.weight(118, 1000, 64)).isEqualTo(8);
    assertThat(WeightRule.SAMPLES.weight(1, 1000, 64)).isEqualTo(1);
    assertThat(WeightRule.SAMPLES.weight(1_000_000, 1000, 64)).isEqualTo(64);
    assertThatThrownBy(() -> WeightRule.SAMPLES.weight(0, 1000, 64))
        .hasMessageContaining("0 samples");
  }

  @Test
  void quantise_anyFloats_equalsTheFormulaWordForWord() throws NotFinite {
    // oracle: the formula as written, with floor and a comparison
    SplittableRandom random = new SplittableRandom(11);
    float[] delta = new float[20_001];
    for (int i = 0; i < delta.length; i++) {
      delta[i] = (float) ((random.nextDouble() - 0.5) * Math.scalb(1.0, random.nextInt(-40, 6)));
    }
    delta[5] = -0.0f;
    delta[6] = Float.MIN_VALUE;
    delta[7] = -Float.MIN_VALUE;
    delta[8] = 8f;
    delta[9] = -8f;
    delta[10] = Float.MAX_VALUE;
    int[] out = new int[delta.length];
    int[] words = new int[delta.length];
    RoundingStream oracleStream = stream(1);
    oracleStream.seek(77);
    oracleStream.fill(words, 0, words.length);

    int clipped =
        new Quantiser(TERMS, stream(1))
            .quantise(new Quantiser.Run(77, delta.length, 17, 0.7, 5), delta, 0, out, 0);

    int expectedClipped = 0;
    for (int i = 0; i < delta.length; i++) {
      double value = delta[i] * 0.7;
      expectedClipped += Math.abs(value) > 8 ? 1 : 0;
      double v = Math.clamp(value, -8.0, 8.0) * 0x1p17;
      double floor = Math.floor(v);
      int up = Integer.toUnsignedLong(words[i]) < (v - floor) * 0x1p32 ? 1 : 0;
      assertThat(out[i]).as("coordinate %d, %s", i, delta[i]).isEqualTo(5 * ((int) floor + up));
    }
    assertThat(clipped).isEqualTo(expectedClipped).isPositive();
  }

  @Test
  void quantise_inPiecesOrWhole_sameBits() throws NotFinite {
    float[] delta = new float[30_000];
    Arrays.fill(delta, 0.123456f);
    int[] whole = new int[delta.length];
    int[] pieces = new int[delta.length];
    Quantiser second = new Quantiser(TERMS, stream(1));

    new Quantiser(TERMS, stream(1))
        .quantise(new Quantiser.Run(0, delta.length, 17, 1, 3), delta, 0, whole, 0);
    var _ =
        second.quantise(new Quantiser.Run(10_001, 19_999, 17, 1, 3), delta, 10_001, pieces, 10_001);
    var _ = second.quantise(new Quantiser.Run(0, 10_001, 17, 1, 3), delta, 0, pieces, 0);

    assertThat(pieces).isEqualTo(whole);
  }

  @Test
  void quantise_manyRoundings_meanUnbiasedWithinFiveSigma() throws NotFinite {
    // one rounding has variance p(1-p) for fraction p of a step
    int count = 1 << 20;
    float[] delta = new float[count];
    int[] out = new int[count];
    SplittableRandom random = new SplittableRandom(5);
    for (int trial = 0; trial < 8; trial++) {
      float value = (float) (random.nextDouble() - 0.5);
      Arrays.fill(delta, value);
      double v = value * 0x1p17;
      double p = v - Math.floor(v);

      new Quantiser(TERMS, stream(trial))
          .quantise(new Quantiser.Run(0, count, 17, 1, 1), delta, 0, out, 0);

      double mean = Arrays.stream(out).asLongStream().sum() / (double) count;
      assertThat(mean)
          .as("value %s", value)
          .isCloseTo(v, within(5 * Math.sqrt(p * (1 - p) / count) + 1e-9));
    }
  }

  @Test
  void badInput_37_notFinite_refusedBeforeAnythingIsWritten() {
    for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
      float[] delta = new float[9000];
      delta[8500] = bad;
      int[] out = new int[9000];
      Arrays.fill(out, 42);
      Quantiser quantiser = new Quantiser(TERMS, stream(1));

      assertThatThrownBy(
              () -> quantiser.quantise(new Quantiser.Run(100, 9000, 17, 1, 1), delta, 0, out, 0))
          .isInstanceOfSatisfying(NotFinite.class, e -> assertThat(e.coordinate()).isEqualTo(8600));
      assertThat(out).containsOnly(42);
    }
  }

  @Test
  void decode_weightedSum_isTheWeightedMean() {
    // by hand: (3*2^17 * 0.5 + 1*2^17 * -0.25) / 4 = 0.3125 * 2^17
    long sum = 3 * (1L << 16) - (1L << 15);
    assertThat(Quantiser.decode(sum, 4, 17)).isEqualTo(0.3125);
    assertThat(Quantiser.decode(-sum, 4, 17)).isEqualTo(-0.3125);
  }

  @Test
  @Tag("slow")
  void quantise_oneCore_150MillionCoordinatesASecond() throws NotFinite {
    float[] delta = new float[1 << 20];
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < delta.length; i++) {
      delta[i] = (float) (random.nextDouble() - 0.5);
    }
    int[] out = new int[delta.length];
    Quantiser quantiser = new Quantiser(TERMS, stream(1));
    double best = 0;
    for (int pass = 0; pass < 200; pass++) {
      long start = System.nanoTime();
      var _ = quantiser.quantise(new Quantiser.Run(0, delta.length, 17, 0.9, 7), delta, 0, out, 0);
      best = Math.max(best, delta.length * 1e3 / (System.nanoTime() - start));
    }
    System.out.printf("quantise: %.0f million coordinates/s%n", best);
    assertThat(best).isGreaterThan(150);
  }

  private static RoundingStream stream(int label) {
    return RoundingStream.of(new byte[32], new byte[] {(byte) label});
  }
}
