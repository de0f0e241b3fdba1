package org.consilium.coordinator.aggregate.robust;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.math.BigInteger;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.consilium.coordinator.aggregate.robust.RobustRule.Round;
import org.consilium.security.fixed.FixedTerms;
import org.junit.jupiter.api.Test;

final class FactorsTest {
  /** The oracle: sums in BigInteger, of the largest values that the fixed point allows. */
  @Test
  void add_largestLegalValues_neverOverflows() {
    for (int sites : new int[] {3, 100, 128}) {
      for (int weight : new int[] {1, 64}) {
        int most = weight << new FixedTerms(weight, sites, 3).magnitudeBits();
        Round round = new Round(Collections.nCopies(sites, weight));
        Factors factors = Factors.shortened(ones(sites), round);
        long[] sums = new long[2];
        BigInteger exact = BigInteger.ZERO;
        for (int k = 0; k < sites; k++) {
          factors.add(k, new int[] {most, -most}, sums, 2);
          exact = exact.add(BigInteger.valueOf(Factors.ONE).multiply(BigInteger.valueOf(most)));
        }

        assertThat(BigInteger.valueOf(sums[0])).isEqualTo(exact);
        assertThat(BigInteger.valueOf(sums[1])).isEqualTo(exact.negate());
        assertThat(factors.mean(sums[0])).isEqualTo((double) most / weight);
      }
    }
  }

  @Test
  void shortened_nothing_givesTheBitsOfThePlainMean() {
    new Cases(41, 200)
        .forEach(
            random -> {
              Round round =
                  new Round(IntStream.range(0, 7).map(_ -> random.nextInt(1, 65)).boxed().toList());
              Factors factors = Factors.shortened(ones(7), round);
              long[] sums = new long[1];
              long plain = 0;
              for (int k = 0; k < 7; k++) {
                int term = round.weights().get(k) * random.nextInt(-1 << 20, 1 << 20);
                factors.add(k, new int[] {term}, sums, 1);
                plain += term;
              }

              assertThat(factors.mean(sums[0])).isEqualTo(plain / (double) round.weightSum());
            });
  }

  @Test
  void shortened_anyLength_isNeverLonger() {
    new Cases(42, 200)
        .forEach(
            random -> {
              double length = random.nextDouble();
              Factors factors = Factors.shortened(new double[] {length, 1, 1}, Round.uniform(3));

              double own = factors.factors().getFirst() / (double) Factors.ONE;
              assertThat(own).isLessThanOrEqualTo(length).isCloseTo(length, within(0x1p-32));
            });
  }

  @Test
  void shares_ofUnequalWeights_areThoseOfTheDeltas() {
    new Cases(43, 200)
        .forEach(
            random -> {
              Round round =
                  new Round(IntStream.range(0, 5).map(_ -> random.nextInt(1, 65)).boxed().toList());
              double[] shares =
                  IntStream.range(0, 5).mapToDouble(_ -> random.nextDouble()).toArray();
              double sum = java.util.Arrays.stream(shares).sum();
              java.util.Arrays.setAll(shares, k -> shares[k] / sum);

              Factors factors = Factors.shares(shares, round);

              for (int k = 0; k < 5; k++) {
                double own =
                    (double) (factors.factors().get(k) * round.weights().get(k))
                        / factors.denominator();
                assertThat(own).isCloseTo(shares[k], within(64 * 0x1p-32));
              }
            });
  }

  @Test
  void chosen_someSites_isTheirWeightedMean() {
    Factors factors = Factors.chosen(Set.of(0, 2), new Round(List.of(3, 50, 5)));
    long[] sums = new long[1];

    factors.add(0, new int[] {3 * 8}, sums, 1);
    factors.add(1, new int[] {50 * 1000}, sums, 1);
    factors.add(2, new int[] {5 * 16}, sums, 1);

    assertThat(factors).isEqualTo(new Factors(List.of(1L, 0L, 1L), 8));
    assertThat(factors.mean(sums[0])).isEqualTo(13); // (3·8 + 5·16) / 8
  }

  @Test
  void factors_outOfBounds_areRefused() {
    assertThatThrownBy(() -> new Factors(List.of(-1L), 1)).hasMessageContaining("0 to 2^32");
    assertThatThrownBy(() -> new Factors(List.of(Factors.ONE + 1), 1)).hasMessageContaining("2^32");
    assertThatThrownBy(() -> new Factors(List.of(0L), 0)).hasMessageContaining("over 0");
  }

  private static double[] ones(int sites) {
    double[] ones = new double[sites];
    java.util.Arrays.fill(ones, 1);
    return ones;
  }
}
