package org.consilium.models.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class StandardisedTest {
  /** Logit-normal scores: positives are {@code separation} above negatives on the logit scale. */
  private static LabelledScores cases(int count, double separation, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int[] labels = new int[count];
    double[] scores = new double[count];
    for (int i = 0; i < count; i++) {
      labels[i] = i % 3 == 0 ? 1 : 0;
      double logit = random.nextGaussian() + (labels[i] == 1 ? separation : 0) - separation / 2;
      scores[i] = 1 / (1 + Math.exp(-logit));
    }
    return new LabelledScores(labels, scores);
  }

  @Test
  void shift_ofUnchangedWindows_hasSpreadOneAndLightTail() {
    LabelledScores reference = cases(6_000, 2, 1);
    double[] sums = new double[4];
    int windows = 400;
    int far = 0;
    for (int w = 0; w < windows; w++) {
      Standardised z = Standardised.shift(reference, cases(60, 2, 100 + w), w).orElseThrow();
      sums[0] += z.aurocZ() / windows;
      sums[1] += z.aurocZ() * z.aurocZ() / windows;
      sums[2] += z.logLossZ() / windows;
      sums[3] += z.logLossZ() * z.logLossZ() / windows;
      far += z.aurocZ() > 3 ? 1 : 0;
      far += z.logLossZ() > 3 ? 1 : 0;
    }
    // The allowance for 6000 cases is 1.28 √(60/6000) = .13; the standard error of a mean is .05.
    assertThat(sums[0]).isCloseTo(-.13, within(.2));
    assertThat(sums[1]).isCloseTo(1, within(.25));
    assertThat(sums[2]).isCloseTo(-.13, within(.2));
    assertThat(sums[3]).isCloseTo(1, within(.25));
    // A normal is beyond 3 in 1.1 of 800; on the plain scales it was one window in fifty.
    assertThat(far).isLessThanOrEqualTo(5);
  }

  @Test
  void shift_againstFewReferenceCases_allowsForTheirError() {
    double sum = 0;
    for (int r = 0; r < 200; r++) {
      LabelledScores reference = cases(300, 2, 10_000 + r);
      sum += Standardised.shift(reference, cases(60, 2, r), r).orElseThrow().aurocZ() / 200;
    }
    // By hand: 1.28 standard errors of the reference, each √(60/300) of a window's deviation.
    assertThat(sum).isCloseTo(-1.2816 * Math.sqrt(.2), within(.25));
  }

  @Test
  void shift_ofWorseWindow_isPositiveInBoth() {
    Standardised z = Standardised.shift(cases(600, 2, 1), cases(200, .3, 2), 3).orElseThrow();
    assertThat(z.aurocZ()).isGreaterThan(4);
    assertThat(z.logLossZ()).isGreaterThan(2);
  }

  @Test
  void shift_withEqualSeed_isEqual() {
    LabelledScores reference = cases(300, 2, 1);
    LabelledScores window = cases(60, 2, 2);
    assertThat(Standardised.shift(reference, window, 7))
        .isEqualTo(Standardised.shift(reference, window, 7));
    assertThat(Standardised.shift(reference, window, 7))
        .isNotEqualTo(Standardised.shift(reference, window, 8));
  }

  @Test
  void shift_ofPerfectReference_usesLeastSigma() {
    LabelledScores perfect =
        new LabelledScores(new int[] {0, 0, 1, 1}, new double[] {.1, .1, .9, .9});
    LabelledScores window =
        new LabelledScores(new int[] {0, 0, 1, 1}, new double[] {.1, .9, .9, .9});
    // By hand: AUROC falls from 1 to 3/4 (the tied .9 counts half for two positives); arcsin √1 =
    // π/2, arcsin √¾ = π/3.
    assertThat(Standardised.shift(perfect, window, 1).orElseThrow().aurocZ())
        .isCloseTo(Math.PI / 6 / 1e-3, within(1e-9));
  }

  @Test
  void bootstrap_ofAuroc_agreesWithDelong() {
    LabelledScores reference = cases(600, 1.5, 5);
    Bootstrap bootstrap = Bootstrap.of(reference, 200, 400, 1).orElseThrow();
    Auroc auroc = Auroc.of(reference).orElseThrow();
    // The delta method: d arcsin √A = dA / (2 √(A(1 − A))).
    double delong = Math.sqrt(auroc.variance() / (4 * auroc.estimate() * (1 - auroc.estimate())));
    assertThat(bootstrap.aurocSd()).isCloseTo(delong, within(.15 * delong));
  }

  @Test
  void auroc_ofOneClass_isEmpty() {
    assertThat(Auroc.of(new int[] {1, 1, 1}, new double[] {.1, .2, .3})).isEmpty();
    assertThat(
            Standardised.shift(cases(60, 2, 1), new LabelledScores(new int[2], new double[2]), 1))
        .isEmpty();
  }

  @Test
  void auroc_ofPerfectScores_hasIntervalThatAdmitsDoubt() {
    Auroc auroc =
        Auroc.of(new int[] {0, 0, 0, 1, 1}, new double[] {.1, .2, .3, .8, .9}).orElseThrow();
    assertThat(auroc.estimate()).isEqualTo(1);
    // .025^(1/2) by hand.
    assertThat(auroc.interval().lower()).isCloseTo(.15811388, within(1e-8));
    assertThat(auroc.interval().upper()).isEqualTo(1);
  }

  @Test
  void logLossOfLogits_ofHugeLogits_isFinite() {
    // By hand: log(1 + e^-2000) = 0 and 2000.
    float[][] logits = {{1000, -1000}, {1000, -1000}};
    assertThat(ProbabilityScores.logLossOfLogits(new int[] {0, 1}, logits)).isEqualTo(1000);
    assertThat(ProbabilityScores.softmax(new float[] {0, 0})).containsExactly(.5, .5);
  }

  @Test
  void balancedAccuracyInterval_ofEqualClasses_isNarrowerThanItsParts() {
    Confusion confusion = new Confusion(40, 10, 40, 10);
    Interval both = confusion.balancedAccuracyInterval();
    Interval one = confusion.sensitivityInterval();
    // By hand: equal halves combine to width / √2.
    assertThat(both.upper() - both.lower())
        .isCloseTo((one.upper() - one.lower()) / Math.sqrt(2), within(1e-12));
  }

  @Test
  void scores_ofBadLabelsOrNaN_areRefused() {
    assertThatThrownBy(() -> Auroc.of(new int[] {0, 2}, new double[] {0, 1}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("case 1 has label 2");
    assertThatThrownBy(() -> Auroc.of(new int[] {0, 1}, new double[] {Double.NaN, 1}))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
