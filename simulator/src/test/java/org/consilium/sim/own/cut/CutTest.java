package org.consilium.sim.own.cut;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.consilium.models.data.ImageSet;
import org.junit.jupiter.api.Test;

final class CutTest {
  @Test
  void labelSkew_onPneumoniaMnist_hasThePrevalencesAimedAt() throws Refusal {
    List<Cut.Piece> pieces = cut(cases(4708, 3494), "label-skew:0.3", 4, 50, 0);

    // The set-up of the calibration: all cases, these sizes and prevalences.
    int[] sizes = {967, 1107, 1247, 1387};
    double[] prevalences = {.45, .66, .82, .95};
    for (int site = 0; site < 4; site++) {
      Cut.Piece piece = pieces.get(site);
      int size = piece.training().size() + piece.holdout().size();
      long positives =
          piece.training().stream().filter(CutTest::positive).count()
              + piece.holdout().stream().filter(CutTest::positive).count();
      assertThat(size).isCloseTo(sizes[site], within(2));
      assertThat((double) positives / size).isCloseTo(prevalences[site], within(.006));
      assertThat(piece.holdout().size()).isCloseTo((int) Math.round(.15 * size), within(1));
    }
  }

  @Test
  void everyPartition_usesEachCaseOnceAndRepeatsBySeed() throws Refusal {
    for (String partition : List.of("iid", "label-skew:0.9", "dirichlet:1", "by:centre")) {
      for (int sites : partition.startsWith("by") ? new int[] {3} : new int[] {2, 3, 7}) {
        Cases cases = cases(600, 250);
        List<Cut.Piece> pieces = cut(cases, partition, sites, 1, 4);

        List<Integer> all = new ArrayList<>();
        pieces.forEach(piece -> all.addAll(piece.training()));
        pieces.forEach(piece -> all.addAll(piece.holdout()));
        assertThat(all).hasSize(600).doesNotHaveDuplicates();
        assertThat(cut(cases, partition, sites, 1, 4)).isEqualTo(pieces);
      }
    }
  }

  @Test
  void patients_ofSeveralCases_stayOnOneSiteAndOneSide() throws Refusal {
    ImageSet images = cases(300, 120).images();
    List<String> patients = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      patients.add("p" + i % 100);
    }

    List<Cut.Piece> pieces = cut(new Cases(images, patients, Map.of()), "iid", 3, 1, 1);

    Set<String> seen = new HashSet<>();
    for (Cut.Piece piece : pieces) {
      for (List<Integer> side : List.of(piece.training(), piece.holdout())) {
        Set<String> here = new HashSet<>();
        side.forEach(place -> here.add(patients.get(place)));
        here.forEach(patient -> assertThat(seen.add(patient)).isTrue());
      }
    }
  }

  @Test
  void site_withTooFewCases_isRefusedByNameAndNumber() {
    // By hand: 10 and 15 cases, of which 1.5 -> 2 and 2.25 -> 2 are held out.
    assertThatThrownBy(() -> cut(cases(100, 40), "iid", 4, 50, 1))
        .isInstanceOf(Refusal.class)
        .hasMessageContaining("site-1 would have 21 training")
        .hasMessageContaining("at least 50");
    assertThatThrownBy(() -> cut(cases(100, 40), "by:centre", 4, 1, 1))
        .isInstanceOf(Refusal.class)
        .hasMessageContaining("3 values, --local says 4");
    assertThatThrownBy(() -> cut(cases(100, 40), "by:scanner", 4, 1, 1))
        .hasMessageContaining("no such column; they have [centre]");
  }

  @Test
  void words_thatAreNoPartition_areRefused() {
    for (String word : List.of("iid:1", "label-skew", "label-skew:1", "dirichlet:0", "by:", "x")) {
      assertThatThrownBy(() -> Partition.parse(word)).isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void shift_ofTheCalibration_changesGreyAsWritten() {
    List<Shift> shifts = Shift.of(Shift.Kinds.parse("gamma,contrast"), 6, 3);
    ImageSet one = new ImageSet(1, 1, 3, new byte[] {0, (byte) 128, (byte) 255}, new int[] {0});

    // By hand: .7 * (128/255)^1.1 + .2 = .5280 -> 135; ends .2 -> 51 and
    // .9 -> 229, for the binary sum of .7 and .2 lies just below .9.
    ImageSet fourth = shifts.get(3).apply(one);
    assertThat(new int[] {fourth.pixel(0, 0), fourth.pixel(0, 1), fourth.pixel(0, 2)})
        .containsExactly(51, 135, 229);
    assertThat(shifts.get(0).apply(one)).isSameAs(one);
    assertThat(Shift.of(Shift.Kinds.parse("gamma,contrast"), 6, 3)).isEqualTo(shifts);
    assertThat(Shift.of(Shift.Kinds.parse("gamma"), 4, 3).get(3)).isEqualTo(new Shift(1.1, 1, 0));
  }

  private static boolean positive(int place) {
    return place % 4708 < 3494;
  }

  private static List<Cut.Piece> cut(Cases cases, String partition, int sites, int least, long seed)
      throws Refusal {
    return Cut.of(cases, new Cut.Order(Partition.parse(partition), sites, least, seed));
  }

  /** The first {@code positives} cases are of class 1; three centres in turn. */
  private static Cases cases(int count, int positives) {
    int[] labels = new int[count];
    List<String> centres = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      labels[i] = i < positives ? 1 : 0;
      centres.add("Centre " + i % 3);
    }
    Cases plain = Cases.of(new ImageSet(1, 1, 1, new byte[count], labels));
    return new Cases(plain.images(), plain.patients(), Map.of("centre", centres));
  }
}
