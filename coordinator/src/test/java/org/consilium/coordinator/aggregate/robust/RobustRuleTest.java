package org.consilium.coordinator.aggregate.robust;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.consilium.coordinator.aggregate.robust.Handling.Measure;
import org.consilium.coordinator.aggregate.robust.Handling.What;
import org.consilium.coordinator.aggregate.robust.RobustRule.Round;
import org.consilium.coordinator.aggregate.robust.RobustRule.Unmet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What every robust rule must do, and what each needs. */
final class RobustRuleTest {
  private static final double[] ONE = {0.25, -3, 0, 1e-3, 17};

  static List<RobustRule> rules() {
    return List.of(
        RobustRule.normClip(1.5, 2),
        RobustRule.median(2),
        RobustRule.trimmedMean(0.3, 2),
        RobustRule.krum(2),
        RobustRule.multiKrum(2, 3),
        RobustRule.geometricMedian(2));
  }

  @ParameterizedTest
  @MethodSource("rules")
  void rule_inBlocksOfAnyLength_givesTheBitsOfTheWhole(RobustRule rule) {
    new Cases(31, 20)
        .forEach(
            random -> {
              List<double[]> vectors = vectors(random, 9, 50, false);
              Round round = weighted(random, 9);

              Combined whole = Combined.of(rule, vectors, round, 50);

              for (int length : new int[] {1, 7, 49}) {
                Combined blocks = Combined.of(rule, vectors, round, length);
                assertThat(blocks.value()).isEqualTo(whole.value());
                assertThat(blocks.handlings()).isEqualTo(whole.handlings());
              }
            });
  }

  @ParameterizedTest
  @MethodSource("rules")
  void rule_sitesInAnyOrder_givesTheSame(RobustRule rule) {
    // Whole numbers, whose sums are exact, so that nothing but the rule itself can differ. The
    // geometric median's and the clip's factors come from doubles, whose sums have an order.
    boolean exact = !rule.word().startsWith("geometric") && !rule.word().startsWith("norm");
    new Cases(32, 50)
        .forEach(
            random -> {
              List<double[]> vectors = vectors(random, 9, 30, true);
              List<Integer> order = new ArrayList<>(IntStream.range(0, 9).boxed().toList());
              Collections.shuffle(order, new Random(random.nextLong()));

              Combined straight = Combined.of(rule, vectors);
              Combined shuffled = Combined.of(rule, order.stream().map(vectors::get).toList());

              double off = exact ? 0 : 1e-9 * Combined.norm(straight.value());
              assertThat(shuffled.value()).containsExactly(straight.value(), within(off));
              for (int k = 0; k < 9; k++) {
                Handling own = straight.handlings().get(order.get(k));
                assertThat(shuffled.handlings().get(k).what()).isEqualTo(own.what());
                assertThat(shuffled.handlings().get(k).value())
                    .isCloseTo(own.value(), within(1e-9 * Math.max(1, own.value())));
              }
            });
  }

  @ParameterizedTest
  @MethodSource("rules")
  void rule_allTheSame_isThat(RobustRule rule) {
    Combined combined = Combined.of(rule, Collections.nCopies(9, ONE));

    assertThat(combined.value()).containsExactly(ONE, within(1e-15 * 17));
    Handling first = combined.handlings().getFirst();
    assertThat(combined.handlings()).extracting(Handling::value).containsOnly(first.value());
  }

  @ParameterizedTest
  @MethodSource("rules")
  void rule_allNothing_isNothing(RobustRule rule) {
    Combined combined = Combined.of(rule, Collections.nCopies(9, new double[5]));

    assertThat(combined.value()).containsOnly(0);
    assertThat(combined.handlings().getFirst().words()).endsWith("0.00, usual 0");
  }

  @ParameterizedTest
  @MethodSource("rules")
  void rule_majorityTheSame_isThatButForTheClip(RobustRule rule) {
    List<double[]> vectors = new ArrayList<>(Collections.nCopies(9, ONE));
    vectors.set(0, new double[] {1e6, 1e6, 1e6, 1e6, 1e6});
    vectors.set(1, new double[] {-1e6, 0, 0, 2e6, 1e6});

    Combined combined = Combined.of(rule, vectors);

    boolean clip = rule.word().equals("norm-clip");
    double far = Combined.distance(combined.value(), ONE);
    // Two sites of nine of at most 1.5 times the norm, on top of the two that are missing.
    assertThat(far).isLessThan(clip ? 2 / 9.0 * 2.5 * Combined.norm(ONE) : 1e-12);
    for (int k = 2; k < 9; k++) {
      assertThat(combined.handlings().get(k).value())
          .isLessThan(combined.handlings().get(0).value())
          .isLessThan(combined.handlings().get(1).value());
    }
  }

  @ParameterizedTest
  @MethodSource("rules")
  void badInput_37_valueNotFinite_isRefusedWithItsPlace(RobustRule rule) {
    for (double bad :
        new double[] {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY}) {
      List<double[]> vectors = new ArrayList<>(Collections.nCopies(9, ONE));
      vectors.set(4, new double[] {1, 2, bad, 4, 5});

      assertThatThrownBy(() -> Combined.of(rule, vectors))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageMatching("robust rule: value 2 of site 4 is .*|norm clip: norm .*");
    }
  }

  @Test
  void distances_tooLargeForADouble_areRefused() {
    List<double[]> vectors = List.of(new double[] {1e200}, new double[] {0});

    assertThatThrownBy(() -> Combined.distances(vectors, 1))
        .hasMessage("distances: sites 0 and 1 are too far apart");
  }

  @Test
  void unmet_tooFewSites_saysHowMany() {
    assertTooFew(RobustRule.krum(2), 7);
    assertTooFew(RobustRule.multiKrum(2, 2), 7);
    assertTooFew(RobustRule.median(2), 5);
    assertTooFew(RobustRule.normClip(2, 2), 5);
    assertTooFew(RobustRule.geometricMedian(2), 5);
    assertThat(RobustRule.krum(2).unmet(Round.uniform(6)).orElseThrow().words())
        .isEqualTo("krum needs at least 7 sites where 2 may be faulty, got 6");
  }

  private static void assertTooFew(RobustRule rule, int least) {
    assertThat(rule.unmet(Round.uniform(least))).isEmpty();
    assertThat(rule.unmet(Round.uniform(least - 1)))
        .contains(new Unmet.TooFewSites(rule.word(), least - 1, 2, least));
    List<double[]> vectors = Collections.nCopies(least - 1, ONE);
    assertThatThrownBy(() -> Combined.of(rule, vectors))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("needs at least " + least);
  }

  @Test
  void unmet_trimmedMeanThatDropsTooFew_saysHowMany() {
    RobustRule rule = RobustRule.trimmedMean(0.2, 2);

    assertThat(rule.unmet(Round.uniform(10))).isEmpty();
    assertThat(rule.unmet(Round.uniform(9))).contains(new Unmet.TooLittleTrimmed(0.2, 9, 2, 1));
    assertThat(rule.unmet(Round.uniform(9)).orElseThrow().words())
        .isEqualTo("a fraction of 0.2 drops 1 of 9 sites at each end, but 2 may be faulty");
  }

  @Test
  void unmet_multiKrumThatKeepsTooMany_saysHowMany() {
    assertThat(RobustRule.multiKrum(1, 4).unmet(Round.uniform(7))).isEmpty();
    assertThat(RobustRule.multiKrum(1, 5).unmet(Round.uniform(7)))
        .contains(new Unmet.TooManyKept(5, 7, 1, 4));
    assertThat(new Unmet.TooManyKept(5, 7, 1, 4).words())
        .isEqualTo("multi-krum may keep at most 4 of 7 sites where 1 may be faulty, got 5");
  }

  @Test
  void unmet_geometricMedianOfOneHeavySite_saysHowHeavy() {
    RobustRule rule = RobustRule.geometricMedian(1);

    assertThat(rule.unmet(new Round(List.of(2, 5, 2, 2)))).isEmpty();
    assertThat(rule.unmet(new Round(List.of(2, 6, 2, 2)))).contains(new Unmet.TooHeavy(1, 6, 12));
    assertThat(new Unmet.TooHeavy(1, 6, 12).words())
        .isEqualTo(
            "geometric-median needs under half of the weight to be faulty; the heaviest 1 have 6 of"
                + " 12");
  }

  @Test
  void rule_numbersThatMakeNoSense_cannotBeMade() {
    assertThatThrownBy(() -> RobustRule.median(0)).hasMessageContaining("0 faulty");
    assertThatThrownBy(() -> RobustRule.krum(0)).hasMessageContaining("0 faulty");
    assertThatThrownBy(() -> RobustRule.multiKrum(1, 0)).hasMessageContaining("0 kept");
    assertThatThrownBy(() -> RobustRule.geometricMedian(0)).hasMessageContaining("0 faulty");
    assertThatThrownBy(() -> RobustRule.trimmedMean(0.5, 1)).hasMessageContaining("[0, 0.5)");
    assertThatThrownBy(() -> RobustRule.trimmedMean(Double.NaN, 1)).hasMessageContaining("NaN");
    assertThatThrownBy(() -> RobustRule.normClip(0.9, 1)).hasMessageContaining("1 to 100");
    assertThatThrownBy(() -> new Round(List.of(1, 0))).hasMessageContaining("weight 0");
    assertThatThrownBy(() -> Round.uniform(1025)).hasMessageContaining("1025 sites, 1 to 1024");
  }

  /** 0.29·100 is 28.999… in binary; the widest legal fraction still leaves a value. */
  @Test
  void trimmedMean_fractionOfAWholeNumber_dropsIt() {
    assertThat(new TrimmedMean(0.29, 1).dropped(100)).isEqualTo(29);
    assertThat(new TrimmedMean(0.15, 1).dropped(9)).isEqualTo(1);
    assertThat(new TrimmedMean(Math.nextDown(0.5), 1).dropped(10)).isEqualTo(4);
    assertThat(new TrimmedMean(Math.nextDown(0.5), 1).dropped(11)).isEqualTo(5);
  }

  @Test
  void krum_equalScores_keepsTheLowestIndex() {
    // A square: every site has the same neighbours' distances.
    List<double[]> corners =
        List.of(
            new double[] {1, 0},
            new double[] {0, 1},
            new double[] {-1, 0},
            new double[] {0, -1},
            new double[] {9, 9});

    Combined krum = Combined.of(RobustRule.krum(1), corners);
    Combined two = Combined.of(RobustRule.multiKrum(1, 2), corners);

    assertThat(krum.value()).containsExactly(1, 0);
    assertThat(two.value()).containsExactly(0.5, 0.5);
    assertThat(two.handlings())
        .extracting(Handling::what)
        .containsExactly(What.KEPT, What.KEPT, What.DROPPED, What.DROPPED, What.DROPPED);
  }

  /**
   * The square's centre is the minimum, and no site; on a line any point between the middle two.
   */
  @Test
  void geometricMedian_severalMinima_takesTheLowestIndex() {
    List<double[]> line =
        List.of(new double[] {5}, new double[] {2}, new double[] {1}, new double[] {-7});

    assertThat(Combined.of(RobustRule.geometricMedian(1), line).value()).containsExactly(2);
  }

  /** At the minimum that is no site the unit pulls cancel: the weighted sum of directions is 0. */
  @Test
  void geometricMedian_ofRandomSites_hasNoSlope() {
    new Cases(33, 100)
        .forEach(
            random -> {
              List<double[]> vectors = vectors(random, 9, 6, false);
              vectors.set(3, Arrays.stream(vectors.get(3)).map(v -> 100 * v).toArray());
              Round round = weighted(random, 9);

              Combined combined = Combined.of(RobustRule.geometricMedian(2), vectors, round, 6);

              double[] slope = new double[6];
              double own = 0;
              for (int k = 0; k < 9; k++) {
                double away = Combined.distance(vectors.get(k), combined.value());
                assertThat(combined.handlings().get(k).value())
                    .isCloseTo(away, within(1e-6 * Math.max(1, away)));
                if (away < 1e-9) {
                  own += round.weights().get(k);
                  continue;
                }
                for (int i = 0; i < 6; i++) {
                  slope[i] +=
                      round.weights().get(k) * (vectors.get(k)[i] - combined.value()[i]) / away;
                }
              }
              assertThat(Combined.norm(slope)).isLessThan(own + 1e-6 * round.weightSum());
            });
  }

  @Test
  void handling_ofEachRule_saysWhatWasDoneAndWhy() {
    List<double[]> vectors = new ArrayList<>();
    for (int k = 0; k < 9; k++) {
      vectors.add(new double[] {1 + k * 0.125, 1, 1 - k * 0.125});
    }
    vectors.set(8, new double[] {-20, -20, -20});

    List<String> words =
        rules().stream().map(r -> Combined.of(r, vectors).handlings().get(8).words()).toList();

    assertThat(words.get(0)).startsWith("clipped: norm ").endsWith(" times the usual");
    assertThat(words.get(1)).startsWith("trimmed: outermost share ");
    assertThat(words.get(2)).startsWith("trimmed: outermost share ");
    assertThat(words.get(3)).startsWith("dropped: Krum score ");
    assertThat(words.get(4)).startsWith("dropped: Krum score ");
    assertThat(words.get(5)).startsWith("weighed: distance ");
    assertThat(new Handling(What.CLIPPED, Measure.NORM, 12.2, 2).words())
        .isEqualTo("clipped: norm 6.1 times the usual");
    assertThat(new Handling(What.WEIGHED, Measure.DISTANCE, 12.2, 0).words())
        .isEqualTo("weighed: distance 12.2, usual 0");
  }

  /** By hand: norms 5, 10, 50; the usual is 10, at most 20 counts. */
  @Test
  void normClip_oneLongDelta_isShortenedAndKeepsItsWeight() {
    List<double[]> vectors =
        List.of(new double[] {3, 4}, new double[] {6, 8}, new double[] {30, 40});

    Combined combined = Combined.of(RobustRule.normClip(2, 1), vectors);

    assertThat(combined.value()).containsExactly(new double[] {7, 28 / 3.0}, within(1e-8));
    assertThat(combined.handlings())
        .containsExactly(
            new Handling(What.KEPT, Measure.NORM, 5, 10),
            new Handling(What.KEPT, Measure.NORM, 10, 10),
            new Handling(What.CLIPPED, Measure.NORM, 50, 10));
  }

  /** By hand: f = 1 of 4; the outermost of each coordinate are one lowest and one highest value. */
  @Test
  void median_countsWhoIsOutermost_equalValuesAreNot() {
    List<double[]> vectors =
        List.of(
            new double[] {1, 5, 0},
            new double[] {2, 5, 0},
            new double[] {3, 5, 0},
            new double[] {9, 7, -4});

    Combined combined = Combined.of(RobustRule.median(1), vectors);

    assertThat(combined.value()).containsExactly(2.5, 5, 0);
    assertThat(combined.handlings())
        .extracting(Handling::value)
        .containsExactly(1 / 3.0, 0.0, 0.0, 1.0);
  }

  private static List<double[]> vectors(
      SplittableRandom random, int sites, int length, boolean whole) {
    List<double[]> vectors = new ArrayList<>();
    for (int k = 0; k < sites; k++) {
      double[] vector = new double[length];
      for (int i = 0; i < length; i++) {
        vector[i] = whole ? random.nextInt(-100_000, 100_000) : random.nextGaussian();
      }
      vectors.add(vector);
    }
    return vectors;
  }

  private static Round weighted(SplittableRandom random, int sites) {
    return new Round(IntStream.range(0, sites).map(_ -> random.nextInt(4, 9)).boxed().toList());
  }
}
