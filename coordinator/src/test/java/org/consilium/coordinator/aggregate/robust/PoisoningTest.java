package org.consilium.coordinator.aggregate.robust;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The poisoning suite on deltas alone: ten sites, of which two lie. Sound deltas are 1 in every
 * coordinate with deviation ½, so that the norm is 16 and a site is 7 from the mean.
 */
final class PoisoningTest {
  private static final int SITES = 10;
  private static final int LIARS = 2; // sites 3 and 7
  private static final int LENGTH = 200;
  private static final double SPREAD = 0.5 * Math.sqrt(LENGTH);

  /** What the liars send, knowing all sound deltas. */
  enum Attack {
    SIGN_FLIP,
    SCALED_10,
    SCALED_100,
    NOISE,
    LITTLE_IS_ENOUGH,
    INNER_PRODUCT,
    NOTHING,
    ONE_TENSOR,
    SYBILS;

    /** Whether the liars stand out, so that they must be named. */
    boolean loud() {
      return switch (this) {
        case SIGN_FLIP, SCALED_10, SCALED_100, NOISE, SYBILS -> true;
        case LITTLE_IS_ENOUGH, INNER_PRODUCT, NOTHING, ONE_TENSOR -> false;
      };
    }

    double[] lie(SplittableRandom random, double[] own, double[] mean) {
      double[] lie = new double[LENGTH];
      for (int i = 0; i < LENGTH; i++) {
        lie[i] =
            switch (this) {
              case SIGN_FLIP -> -10 * own[i];
              case SCALED_10 -> 10 * own[i];
              case SCALED_100 -> 100 * own[i];
              case NOISE -> 20 * random.nextGaussian();
              case LITTLE_IS_ENOUGH -> mean[i] - 0.5; // one deviation, all the same way
              case INNER_PRODUCT -> -0.1 * mean[i];
              case NOTHING -> 0;
              case ONE_TENSOR -> i < 10 ? 1000 : own[i];
              case SYBILS -> i % 2 == 0 ? 8 : -8;
            };
      }
      return lie;
    }
  }

  static Stream<Arguments> rulesAndAttacks() {
    List<RobustRule> rules =
        List.of(
            RobustRule.normClip(1.5, LIARS),
            RobustRule.median(LIARS),
            RobustRule.trimmedMean(0.2, LIARS),
            RobustRule.krum(LIARS),
            RobustRule.multiKrum(LIARS, 6),
            RobustRule.geometricMedian(LIARS));
    return rules.stream()
        .flatMap(r -> Arrays.stream(Attack.values()).map(attack -> Arguments.of(r, attack)));
  }

  @ParameterizedTest
  @MethodSource("rulesAndAttacks")
  void rule_twoLiarsOfTen_staysNearTheSoundMeanAndNamesTheLoud(RobustRule rule, Attack attack) {
    new Cases(51, 10)
        .forEach(
            random -> {
              List<double[]> vectors = new ArrayList<>();
              for (int k = 0; k < SITES; k++) {
                double[] delta = new double[LENGTH];
                Arrays.setAll(delta, _ -> 1 + 0.5 * random.nextGaussian());
                vectors.add(delta);
              }
              double[] sound =
                  Combined.mean(
                      IntStream.range(0, SITES)
                          .filter(k -> k != 3 && k != 7)
                          .mapToObj(vectors::get)
                          .toList());
              for (int liar : new int[] {3, 7}) {
                vectors.set(liar, attack.lie(random, vectors.get(liar), sound));
              }

              Combined combined = Combined.of(rule, vectors);

              assertThat(Combined.distance(combined.value(), sound)).isLessThan(bound(rule));
              if (attack.loud()) {
                assertThat(worst(combined)).containsExactlyInAnyOrder(3, 7);
              }
            });
  }

  /**
   * By a clip at 1.5 times the norm of 16, two of ten move the mean by at most 0.2·(24 + 16); Krum
   * alone takes one site as it is, which is a spread off; all others do better than a single site.
   */
  private static double bound(RobustRule rule) {
    return switch (rule.word()) {
      case "norm-clip" -> 8.5;
      case "krum" -> 1.25 * SPREAD;
      default -> SPREAD;
    };
  }

  /** The two sites that the measure is highest for. */
  private static List<Integer> worst(Combined combined) {
    return IntStream.range(0, SITES)
        .boxed()
        .sorted(Comparator.comparingDouble(k -> -combined.handlings().get(k).value()))
        .limit(LIARS)
        .toList();
  }
}
