package org.consilium.coordinator.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.consilium.coordinator.aggregate.robust.Handling;
import org.consilium.coordinator.study.StudySnapshot.RoundSummary;
import org.consilium.protocol.Robust;
import org.consilium.protocol.SiteId;
import org.consilium.security.fixed.FixedTerms;
import org.consilium.security.fixed.NotFinite;
import org.consilium.security.fixed.Quantiser;
import org.consilium.security.fixed.RoundingStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The poisoning suite: two of ten sites lie to a real study that trains a small real model. What
 * each rule must keep is the accuracy, within 5 points of the sound 99.5 %, and the trigger's
 * harmlessness; and whoever lies loudly must be named in the rounds' reports.
 */
@Tag("slow")
final class PoisoningSuiteTest {
  private static final PatternSites DATA = PatternSites.of(5);
  private static final int ROUNDS = 5;
  private static final double SOUND = 0.995;

  private static final List<Robust> RULES =
      List.of(
          new Robust.NormClip(1.5, 2),
          new Robust.TrimmedMean(0.2, 2),
          new Robust.MultiKrum(2, 6),
          new Robust.GeometricMedian(2));

  @TempDir Path folder;

  static Stream<Arguments> attacks() {
    Stream<Arguments> all =
        RULES.stream()
            .flatMap(rule -> Arrays.stream(Attack.values()).map(a -> Arguments.of(rule, a)));
    Stream<Arguments> some =
        Stream.of(Attack.NONE, Attack.SIGN_FLIP, Attack.BACKDOOR, Attack.SYBILS)
            .flatMap(
                a ->
                    Stream.of(
                        Arguments.of(new Robust.Median(2), a),
                        Arguments.of(new Robust.Krum(2), a)));
    return Stream.concat(all, some);
  }

  @ParameterizedTest
  @MethodSource("attacks")
  void study_twoLiarsOfTen_modelHoldsAndTheLoudAreNamed(Robust rule, Attack attack)
      throws Exception {
    PoisonedStudy study = PoisonedStudy.run(folder, DATA, attack, rule, ROUNDS);

    assertThat(DATA.accuracy(study.model())).isGreaterThan(SOUND - drop(rule));
    assertThat(DATA.backdoor(study.model())).isLessThan(success(rule));
    if (!attack.quiet() && !unseen(rule, attack)) {
      assertThat(named(study)).as("%s", study.remarks(PoisonedStudy.liar(0))).isTrue();
    }
  }

  /** Without these two the suite would prove nothing: the plain mean must be the worse for them. */
  @ParameterizedTest
  @EnumSource(names = {"SIGN_FLIP", "BACKDOOR"})
  void study_withoutARule_isPoisoned(Attack attack) throws Exception {
    PoisonedStudy study = PoisonedStudy.run(folder, DATA, attack, Robust.none(), ROUNDS);

    double accuracy = DATA.accuracy(study.model());
    double backdoor = DATA.backdoor(study.model());
    assertThat(attack == Attack.SIGN_FLIP ? accuracy < 0.8 : backdoor > 0.9)
        .as("accuracy %s, backdoor %s", accuracy, backdoor)
        .isTrue();
  }

  /**
   * What masks leave: nobody sees a delta, and S and W alone bound it. Two liars can move one
   * round's model by at most 2·W·S/Σw from where it were had they sent nothing.
   */
  @ParameterizedTest
  @EnumSource
  void plainMean_ofClippedAndWeightedUpdates_isMovedByAtMostTheirShare(Attack attack)
      throws Exception {
    float[] lied = PoisonedStudy.run(folder.resolve("a"), DATA, attack, Robust.none(), 1).model();
    float[] nothing =
        PoisonedStudy.run(folder.resolve("b"), DATA, Attack.ZERO, Robust.none(), 1).model();

    double bound = 2 * PoisonedStudy.CLIP / PatternSites.SITES; // every w is W
    assertThat(distance(lied, nothing)).isLessThanOrEqualTo(bound * (1 + 1e-4));
    if (attack == Attack.SCALED_100) { // and they can do nearly that
      assertThat(distance(lied, nothing)).isGreaterThan(0.6 * bound);
    }
  }

  /** A value that is no number cannot be sent: integers have none, and the site's side refuses. */
  @Test
  void quantise_nanInOneCoordinate_isNamed() {
    float[] delta = new float[PatternSites.LENGTH];
    delta[1005] = Float.NaN;
    FixedTerms terms = FixedTerms.of(1, PatternSites.SITES, 8);
    Quantiser quantiser = new Quantiser(terms, RoundingStream.of(new byte[32], new byte[1]));

    assertThatThrownBy(
            () ->
                quantiser.quantise(
                    new Quantiser.Run(0, delta.length, terms.scaleExponent(3), 1, 1),
                    delta,
                    0,
                    new int[delta.length],
                    0))
        .isInstanceOf(NotFinite.class)
        .hasMessageContaining("coordinate 1005");
  }

  /** Krum takes one site's delta a round, which learns slower. */
  private static double drop(Robust rule) {
    return rule instanceof Robust.Krum ? 0.08 : 0.05;
  }

  /** A clip shortens a backdoor and does not know it for one: documented, and better than 1. */
  private static double success(Robust rule) {
    return rule instanceof Robust.NormClip ? 0.75 : 0.1;
  }

  /** A rule of coordinates does not see 68 of 1108 that are too large, but leaves them out. */
  private static boolean unseen(Robust rule, Attack attack) {
    return rule.byCoordinate() && attack == Attack.ONE_TENSOR;
  }

  /** Whether both liars stood out or were flagged in two rounds or more. */
  private static boolean named(PoisonedStudy study) {
    return study.end().rounds().stream().filter(PoisoningSuiteTest::named).count() >= 2;
  }

  private static boolean named(RoundSummary round) {
    List<SiteId> liars = List.of(PoisonedStudy.liar(0), PoisonedStudy.liar(1));
    List<SiteId> worst =
        round.handlings().entrySet().stream()
            .sorted(
                Comparator.<Map.Entry<SiteId, Handling>>comparingDouble(e -> -e.getValue().value()))
            .limit(2)
            .map(Map.Entry::getKey)
            .toList();
    boolean flagged = liars.stream().allMatch(l -> round.remark(l).contains("changes nothing"));
    return flagged || worst.containsAll(liars);
  }

  private static double distance(float[] a, float[] b) {
    double squares = 0;
    for (int i = 0; i < a.length; i++) {
      squares += ((double) a[i] - b[i]) * ((double) a[i] - b[i]);
    }
    return Math.sqrt(squares);
  }
}
