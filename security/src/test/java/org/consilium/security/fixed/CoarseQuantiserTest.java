package org.consilium.security.fixed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Few digits on the grid of the fixed point, and what is left over. */
final class CoarseQuantiserTest {
  // W = 1, n = 4: 28 magnitude bits; a tensor of range 2^3 has f = 25.
  private static final FixedTerms TERMS = new FixedTerms(1, 4, 3);
  private static final int F = TERMS.scaleExponent(3);

  @Test
  void quantise_int8_vectorByHand() throws Exception {
    CoarseQuantiser quantiser = new CoarseQuantiser(TERMS, 7);
    // One step is 2^(18 - 25) = 2^-7: 0.75 steps, a tie to even (2.5), the largest, beyond it.
    float[] values = {0.75f / 128, 2.5f / 128, -1, 127f / 128, 20};
    int[] q = new int[5];

    int clipped = quantiser.quantise(run(5, 1), 18, values, 0, q, 0);

    assertThat(q).containsExactly(1, 2, -127, 127, 127);
    assertThat(values).containsExactly(-0.25f / 128, 0.5f / 128, -1f / 128, 0, 8 - 127f / 128);
    assertThat(clipped).isEqualTo(1); // only 20 is beyond the tensor's range of 8
  }

  @Test
  void shift_largestValueFits_andNoFinerStepDoes() {
    CoarseQuantiser quantiser = new CoarseQuantiser(TERMS, 7);

    assertThat(quantiser.shift(0, F)).isZero();
    assertThat(quantiser.shift(127.4 / 128, F)).isEqualTo(18);
    assertThat(quantiser.shift(127.6 / 128, F)).isEqualTo(19);
    assertThat(quantiser.shift(1e9, F)).isEqualTo(CoarseQuantiser.shiftMax(TERMS, 7));
    assertThat(CoarseQuantiser.shiftMax(TERMS, 7)).isEqualTo(21);
    assertThat(new CoarseQuantiser(TERMS, 15).shift(127.4 / 128, F)).isEqualTo(10);
  }

  @Test
  void quantise_sentAndLeftOver_makeTheWhole() throws Exception {
    SplittableRandom random = new SplittableRandom(3);
    for (int digits : new int[] {7, 15}) {
      CoarseQuantiser quantiser = new CoarseQuantiser(TERMS, digits);
      float[] delta = new float[1000];
      for (int i = 0; i < delta.length; i++) {
        delta[i] = (float) random.nextDouble(-0.01, 0.01);
      }
      int shift = quantiser.shift(0.01, F);
      float[] left = delta.clone();
      int[] q = new int[delta.length];

      assertThat(quantiser.quantise(run(delta.length, 1), shift, left, 0, q, 0)).isZero();

      double step = Math.scalb(1.0, shift - F);
      for (int i = 0; i < delta.length; i++) {
        assertThat(Math.abs(q[i])).isLessThan(1 << digits);
        assertThat(Math.abs(left[i])).isLessThanOrEqualTo((float) (step / 2));
        assertThat(q[i] * step + left[i]).isEqualTo(delta[i], within(1e-9));
      }
    }
  }

  @Test
  void quantise_shiftBeyondTheGrid_isRefused() {
    CoarseQuantiser quantiser = new CoarseQuantiser(TERMS, 7);

    assertThatThrownBy(() -> quantiser.quantise(run(1, 1), 22, new float[1], 0, new int[1], 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("quantise: shift 22, 0 to 21");
  }

  /**
   * Four sites descend a quadratic together. One coordinate of each pulls to another side, so that
   * its step is large for ever and the tensor's grid with it; in the sum it cancels. Without what
   * was left over, all that is below half a step never moves.
   */
  @Test
  void descent_int8WithFeedback_reachesTheLossOfFull_withoutItDoesNot() throws Exception {
    double full = descend(0, false);
    double fed = descend(7, true);
    double unfed = descend(7, false);

    assertThat(full).isLessThan(1e-6);
    assertThat(fed).isLessThan(1e-4);
    assertThat(unfed).isGreaterThan(100 * fed);
  }

  private static double descend(int digits, boolean feedback) throws NotFinite {
    int sites = 4;
    int size = 50;
    double rate = 0.05;
    SplittableRandom random = new SplittableRandom(5);
    double[] target = new double[size];
    for (int i = 1; i < size; i++) {
      target[i] = random.nextDouble(-0.1, 0.1);
    }
    double[] model = new double[size];
    float[][] left = new float[sites][size];
    for (int round = 0; round < 400; round++) {
      long[] sums = new long[size];
      for (int site = 0; site < sites; site++) {
        float[] delta = new float[size];
        for (int i = 0; i < size; i++) {
          delta[i] = (float) (rate * (target[i] - model[i]));
        }
        delta[0] = (site % 2 == 0 ? 1 : -1) * 0.2f;
        add(sums, delta, left[site], digits, feedback);
      }
      for (int i = 0; i < size; i++) {
        model[i] += Quantiser.decode(sums[i], sites, F);
      }
    }
    double loss = 0;
    for (int i = 1; i < size; i++) {
      loss += (target[i] - model[i]) * (target[i] - model[i]) / 2;
    }
    return loss;
  }

  private static void add(long[] sums, float[] delta, float[] left, int digits, boolean feedback)
      throws NotFinite {
    if (digits == 0) {
      for (int i = 0; i < delta.length; i++) {
        sums[i] += Math.round(Math.scalb((double) delta[i], F));
      }
      return;
    }
    float[] values = delta.clone();
    float largest = 0;
    for (int i = 0; i < values.length; i++) {
      values[i] += feedback ? left[i] : 0;
      largest = Math.max(largest, Math.abs(values[i]));
    }
    CoarseQuantiser quantiser = new CoarseQuantiser(TERMS, digits);
    int shift = quantiser.shift(largest, F);
    int[] q = new int[values.length];
    int _ = quantiser.quantise(run(values.length, 1), shift, values, 0, q, 0);
    System.arraycopy(values, 0, left, 0, left.length);
    for (int i = 0; i < q.length; i++) {
      sums[i] += (long) q[i] << shift;
    }
  }

  private static org.assertj.core.data.Offset<Double> within(double offset) {
    return org.assertj.core.data.Offset.offset(offset);
  }

  private static Quantiser.Run run(int length, double factor) {
    return new Quantiser.Run(0, length, F, factor, 1);
  }
}
