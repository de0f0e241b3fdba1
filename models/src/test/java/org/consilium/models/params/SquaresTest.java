package org.consilium.models.params;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class SquaresTest {
  @Test
  void of_anyRange_isTheSumOfSquares() {
    SplittableRandom random = new SplittableRandom(5);
    int[] whole = random.ints(37, -1000, 1000).toArray();
    double[] wide = Arrays.stream(whole).asDoubleStream().toArray();
    float[] narrow = new float[whole.length];
    for (int i = 0; i < whole.length; i++) {
      narrow[i] = whole[i];
    }

    for (int from = 0; from <= whole.length; from++) {
      for (int to = from; to <= whole.length; to++) {
        double expected = Arrays.stream(whole, from, to).mapToDouble(x -> (double) x * x).sum();
        assertThat(Squares.of(whole, from, to)).isEqualTo(expected);
        assertThat(Squares.of(wide, from, to)).isEqualTo(expected);
        assertThat(Squares.of(narrow, from, to)).isCloseTo(expected, within(0.0));
      }
    }
  }

  @Test
  void of_aValueThatIsNoNumber_isNotFinite() {
    for (int at = 0; at < 9; at++) {
      float[] values = new float[9];
      values[at] = Float.NaN;
      assertThat(Squares.of(values, 0, 9)).isNaN();
    }
  }
}
