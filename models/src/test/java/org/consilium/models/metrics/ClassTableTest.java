package org.consilium.models.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

final class ClassTableTest {
  @Test
  void table_ofTwoClasses_agreesWithConfusion() {
    int[] labels = {0, 0, 0, 1, 1, 1, 1, 1};
    double[] logits = {-1, 2, -.5, 0, 3, -2, 1, .1};
    double[] probabilities = new double[logits.length];
    for (int i = 0; i < logits.length; i++) {
      probabilities[i] = 1 / (1 + Math.exp(-logits[i]));
    }

    ClassTable table = ClassTable.of(labels, logits, 1);
    Confusion confusion = Confusion.at(.5, new LabelledScores(labels, probabilities));

    assertThat(table.accuracy()).isEqualTo(confusion.accuracy());
    assertThat(table.balancedAccuracy()).isCloseTo(confusion.balancedAccuracy(), within(1e-12));
    assertThat(table.balancedAccuracyInterval().lower())
        .isCloseTo(confusion.balancedAccuracyInterval().lower(), within(1e-12));
    assertThat(table.balancedAccuracyInterval().upper())
        .isCloseTo(confusion.balancedAccuracyInterval().upper(), within(1e-12));
  }

  @Test
  void table_ofThreeClasses_isCountedByHand() {
    int[] labels = {0, 1, 1, 2};
    double[] logits = {3, 1, 0, 0, 2, 1, 0, 1, 4, 0, 0, 1};

    ClassTable table = ClassTable.of(labels, logits, 3);

    // Called 0, 1, 2, 2: three of four right; shares 1, 1/2, 1.
    assertThat(table.accuracy()).isEqualTo(.75);
    assertThat(table.balancedAccuracy()).isCloseTo(2.5 / 3, within(1e-12));
    assertThat(table.everyClass()).isTrue();
  }
}
