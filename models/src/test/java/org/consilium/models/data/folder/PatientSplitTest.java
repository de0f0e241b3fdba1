package org.consilium.models.data.folder;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.consilium.models.data.Split;
import org.junit.jupiter.api.Test;

final class PatientSplitTest {
  @Test
  void patients_withSeveralCases_stayTogetherInStratifiedShares() {
    List<String> patients = new ArrayList<>();
    int[] labels = new int[600];
    for (int i = 0; i < 600; i++) {
      patients.add("p" + i / 3);
      labels[i] = i < 150 ? 1 : 0;
    }

    List<Split> splits = PatientSplit.USUAL.of(patients, labels, 5);

    Map<String, Split> seen = new HashMap<>();
    for (int i = 0; i < 600; i++) {
      assertThat(seen.merge(patients.get(i), splits.get(i), (a, _) -> a)).isEqualTo(splits.get(i));
    }
    // By hand: 50 positive patients, 15 % is 7.5 -> 8; 150 negative ones, 22.5 -> 23.
    assertThat(positives(splits, labels, Split.VALIDATION)).isEqualTo(24);
    assertThat(Collections.frequency(splits, Split.VALIDATION)).isEqualTo(3 * (8 + 23));
    assertThat(Collections.frequency(splits, Split.TEST)).isEqualTo(3 * (8 + 23));
  }

  @Test
  void order_ofCases_changesNothing() {
    List<String> patients = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      patients.add("p" + i);
    }
    List<String> reversed = new ArrayList<>(patients);
    Collections.reverse(reversed);
    int[] labels = new int[40];

    List<Split> one = PatientSplit.USUAL.of(patients, labels, 9);
    List<Split> two = new ArrayList<>(PatientSplit.USUAL.of(reversed, labels, 9));
    Collections.reverse(two);

    assertThat(two).isEqualTo(one);
    assertThat(PatientSplit.USUAL.of(patients, labels, 10)).isNotEqualTo(one);
  }

  private static long positives(List<Split> splits, int[] labels, Split wanted) {
    long count = 0;
    for (int i = 0; i < labels.length; i++) {
      count += splits.get(i) == wanted ? labels[i] : 0;
    }
    return count;
  }
}
