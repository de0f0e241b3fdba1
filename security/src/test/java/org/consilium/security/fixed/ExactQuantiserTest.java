package org.consilium.security.fixed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class ExactQuantiserTest {
  private static final FixedTerms TERMS = FixedTerms.exact(1 << 20, 128);

  @Test
  void exactTerms_defaults_leaveEightBitsToSpare() {
    // by hand: 27 + 20 + 7 = 54 ≤ 62
    assertThat(TERMS.magnitudeBits()).isEqualTo(27);
    assertThat(TERMS.scaleExponent(3)).isEqualTo(24);
    assertThat(TERMS.range()).isEqualTo(8);
    assertThat(TERMS.nextExponent(0.001, 1)).isEqualTo(3);
    assertThat(TERMS.ring().bits()).isEqualTo(64);
    assertThat(TERMS.clippedCount(Long.MAX_VALUE)).isEqualTo(Integer.MAX_VALUE);
    assertThat(new FixedTerms(64, 16, 3).ring()).isEqualTo(FixedTerms.Ring.BITS_32);
  }

  @Test
  void exactTerms_outOfRange_refused() {
    assertThatThrownBy(() -> FixedTerms.exact((1 << 20) + 1, 3)).hasMessageContaining("1048577");
    assertThatThrownBy(() -> new FixedTerms(1, 3, 4, FixedTerms.Ring.BITS_64))
        .hasMessageContaining("range 2^4, in 64 bits it is 2^3");
    assertThatThrownBy(() -> TERMS.scaleExponent(2)).hasMessageContaining("range 2^2");
    assertThatThrownBy(() -> new ExactQuantiser(new FixedTerms(1, 3, 3)))
        .hasMessageContaining("32 bits");
    assertThatThrownBy(() -> new Quantiser(TERMS, RoundingStream.of(new byte[32], new byte[1])))
        .hasMessageContaining("64 bits");
  }

  @Test
  void count_samples_atMostW() {
    assertThat(WeightRule.COUNT.weight(1, 1000, 1 << 20)).isEqualTo(1);
    assertThat(WeightRule.COUNT.weight(70_000, 1000, 1 << 20)).isEqualTo(70_000);
    assertThat(WeightRule.COUNT.weight(1L << 40, 1000, 1 << 20)).isEqualTo(1 << 20);
    assertThatThrownBy(() -> WeightRule.COUNT.weight(1, 1, (1 << 20) + 1))
        .hasMessageContaining("1 to 1048576");
    assertThatThrownBy(() -> WeightRule.SAMPLES.weight(1, 1, 65)).hasMessageContaining("1 to 64");
  }

  @Test
  void quantise_anyFloats_equalsDecimalArithmetic() throws NotFinite {
    // oracle: exact decimals, rounded half to even
    SplittableRandom random = new SplittableRandom(12);
    float[] delta = new float[5_000];
    for (int i = 0; i < delta.length; i++) {
      delta[i] = (float) ((random.nextDouble() - 0.5) * Math.scalb(1.0, random.nextInt(-40, 6)));
    }
    delta[3] = -0.0f;
    delta[4] = 8f;
    delta[5] = -8f;
    delta[6] = Float.MAX_VALUE;
    delta[7] = 0x1p-25f; // a tie, down to the even 0
    delta[8] = 0x3p-25f; // a tie, up to the even 2
    delta[9] = -0x3p-25f;
    long[] out = new long[delta.length];

    int clipped =
        new ExactQuantiser(TERMS)
            .quantise(new Quantiser.Run(0, delta.length, 24, 1, 70_001), delta, 0, out, 0);

    int expectedClipped = 0;
    for (int i = 0; i < delta.length; i++) {
      BigDecimal value = new BigDecimal(delta[i]);
      expectedClipped += value.abs().compareTo(BigDecimal.valueOf(8)) > 0 ? 1 : 0;
      BigInteger x =
          value
              .max(BigDecimal.valueOf(-8))
              .min(BigDecimal.valueOf(8))
              .multiply(BigDecimal.valueOf(1 << 24))
              .setScale(0, RoundingMode.HALF_EVEN)
              .toBigIntegerExact();
      assertThat(out[i])
          .as("coordinate %d, %s", i, delta[i])
          .isEqualTo(x.longValueExact() * 70_001);
    }
    assertThat(clipped).isEqualTo(expectedClipped).isPositive();
    assertThat(Arrays.copyOfRange(out, 7, 10)).containsExactly(0, 2 * 70_001, -2 * 70_001);
  }

  @Test
  void decode_meanOfThreeSites_withinHalfAStepOfTheExactMean() throws NotFinite {
    float[][] deltas = {{0.1f}, {-0.7f}, {0.30001f}};
    int[] weights = {1000, 1, 77_777};
    long sum = 0;
    double exact = 0;
    for (int site = 0; site < 3; site++) {
      long[] out = new long[1];
      Quantiser.Run run = new Quantiser.Run(0, 1, 24, 1, weights[site]);
      new ExactQuantiser(TERMS).quantise(run, deltas[site], 0, out, 0);
      sum += out[0];
      exact += (double) deltas[site][0] * weights[site];
    }

    double mean = Quantiser.decode(sum, 78_778, 24);

    assertThat(Math.abs(mean - exact / 78_778)).isLessThanOrEqualTo(0x1p-25);
  }

  @Test
  void quantise_wrongScaleWeightOrNotFinite_refused() {
    long[] out = {42};
    ExactQuantiser quantiser = new ExactQuantiser(FixedTerms.exact(10, 3));

    assertThatThrownBy(
            () -> quantiser.quantise(new Quantiser.Run(0, 1, 23, 1, 1), new float[1], 0, out, 0))
        .hasMessageContaining("scale 2^23, not 2^24");
    assertThatThrownBy(
            () -> quantiser.quantise(new Quantiser.Run(0, 1, 24, 1, 11), new float[1], 0, out, 0))
        .hasMessageContaining("weight 11, 1 to 10");
    assertThatThrownBy(
            () ->
                quantiser.quantise(
                    new Quantiser.Run(5, 1, 24, 1, 1), new float[] {Float.NaN}, 0, out, 0))
        .isInstanceOfSatisfying(NotFinite.class, e -> assertThat(e.coordinate()).isEqualTo(5));
    assertThat(out).containsOnly(42);
  }
}
