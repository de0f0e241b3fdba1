package org.consilium.models.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;
import org.consilium.models.task.ContrastiveLoss.Pairs;
import org.consilium.models.task.ContrastiveLoss.Slopes;
import org.junit.jupiter.api.Test;

class ContrastiveLossTest {
  private static final double STEP = 1e-6;

  @Test
  void twoViews_ofOnePairAndItsOpposite_isTheHandWorkedLoss() {
    // Views (1,0),(0,1) twice, temperature .5: each row has e^2 for its own, 1 twice for the
    // others.
    Pairs pairs = new Pairs(new double[] {1, 0, 0, 1}, new double[] {1, 0, 0, 1}, 2);

    double loss = ContrastiveLoss.twoViews(pairs, 0.5).loss();

    assertThat(loss).isCloseTo(Math.log((Math.exp(2) + 2) / Math.exp(2)), within(1e-12));
  }

  @Test
  void twoViews_ofRandomVectors_hasTheGradientOfFiniteDifferences() {
    Pairs pairs = random(4, 6);
    requireGradient(
        pairs,
        ContrastiveLoss.twoViews(pairs, 0.2),
        some -> ContrastiveLoss.twoViews(some, 0.2).loss());
    double above = ContrastiveLoss.twoViews(pairs, 1 / (5 + STEP)).loss();
    double below = ContrastiveLoss.twoViews(pairs, 1 / (5 - STEP)).loss();
    assertThat(ContrastiveLoss.twoViews(pairs, 0.2).scale())
        .isCloseTo((above - below) / (2 * STEP), within(1e-7));
  }

  @Test
  void clip_ofRandomVectors_hasTheGradientOfFiniteDifferences() {
    Pairs pairs = random(3, 5);

    requireGradient(
        pairs, ContrastiveLoss.clip(pairs, 4), some -> ContrastiveLoss.clip(some, 4).loss());
  }

  @Test
  void clip_withSoftTargets_hasTheGradientOfFiniteDifferences() {
    Pairs pairs = random(3, 5);
    double[] targets = {.6, .4, 0, .3, .7, 0, 0, .1, .9};

    requireGradient(
        pairs,
        ContrastiveLoss.clip(pairs, 4, targets),
        some -> ContrastiveLoss.clip(some, 4, targets).loss());
  }

  @Test
  void clip_withOneTargetARow_isTheHardLoss() {
    Pairs pairs = random(3, 5);
    double[] own = {1, 0, 0, 0, 1, 0, 0, 0, 1};

    assertThat(ContrastiveLoss.clip(pairs, 4, own).loss())
        .isEqualTo(ContrastiveLoss.clip(pairs, 4).loss());
  }

  private static void requireGradient(Pairs at, Slopes found, ToDoubleFunction<Pairs> loss) {
    for (int i = 0; i < at.first().length; i++) {
      double first =
          loss.applyAsDouble(new Pairs(moved(at.first(), i, STEP), at.second(), at.rows()))
              - loss.applyAsDouble(new Pairs(moved(at.first(), i, -STEP), at.second(), at.rows()));
      double second =
          loss.applyAsDouble(new Pairs(at.first(), moved(at.second(), i, STEP), at.rows()))
              - loss.applyAsDouble(new Pairs(at.first(), moved(at.second(), i, -STEP), at.rows()));
      assertThat(found.first()[i]).isCloseTo(first / (2 * STEP), within(1e-7));
      assertThat(found.second()[i]).isCloseTo(second / (2 * STEP), within(1e-7));
    }
  }

  private static double[] moved(double[] values, int at, double by) {
    double[] moved = values.clone();
    moved[at] += by;
    return moved;
  }

  private static Pairs random(int rows, int width) {
    SplittableRandom random = new SplittableRandom(7);
    double[] first = random.doubles((long) rows * width, -0.5, 0.5).toArray();
    double[] second = random.doubles((long) rows * width, -0.5, 0.5).toArray();
    return new Pairs(first, second, rows);
  }
}
