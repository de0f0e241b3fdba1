package org.consilium.models.data.manifest;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.Split;
import org.consilium.models.data.folder.CaseFacts;
import org.junit.jupiter.api.Test;

final class SiteManifestTest {
  private static final int SIDE = 32;
  private static final List<String> LABELS = List.of("normal", "sick");

  @Test
  void duplicates_plantedWithinAndAcrossSplits_areReported() {
    SplittableRandom random = new SplittableRandom(3);
    byte[][] train = pictures(20, random);
    byte[][] val = pictures(10, random);
    train[7] = brighter(train[2]);
    val[4] = brighter(train[5]);

    NearDuplicates found =
        manifest(Map.of(Split.TRAIN, set(train), Split.VALIDATION, set(val)), LABELS).duplicates();

    assertThat(found.within()).isEqualTo(1);
    assertThat(found.across()).isEqualTo(1);
    assertThat(found.examples().getFirst())
        .satisfies(
            pair -> {
              assertThat(pair.first()).isEqualTo(Split.TRAIN);
              assertThat(pair.firstIndex()).isEqualTo(5);
              assertThat(pair.secondIndex()).isEqualTo(4);
            });
  }

  @Test
  void labelMaps_inOtherOrder_areAConflict() {
    Map<Split, ImageSet> some = Map.of(Split.TRAIN, set(pictures(12, new SplittableRandom(1))));
    Map<Split, ImageSet> others = Map.of(Split.TRAIN, set(pictures(12, new SplittableRandom(2))));

    SiteManifest here = manifest(some, LABELS);

    assertThat(here.conflicts(manifest(others, LABELS))).isEmpty();
    assertThat(here.conflicts(manifest(others, List.of("sick", "normal"))))
        .singleElement()
        .asString()
        .contains("label maps differ");
    assertThat(here.conflicts(here)).contains("both sites have the very same cases");
  }

  @Test
  void digest_ofTheSameCasesInOtherOrder_isTheSame() {
    byte[][] pictures = pictures(12, new SplittableRandom(1));
    List<byte[]> turned = new ArrayList<>(List.of(pictures)).reversed();

    String one = ContentDigest.of(Map.of(Split.TRAIN, set(pictures, 0)));
    String two = ContentDigest.of(Map.of(Split.TRAIN, set(turned.toArray(byte[][]::new), 0)));
    String other = ContentDigest.of(Map.of(Split.TRAIN, set(pictures, 1)));

    assertThat(two).isEqualTo(one);
    assertThat(other).isNotEqualTo(one);
  }

  @Test
  void counts_ofSmallCells_areNotTold() {
    assertThat(CellCounts.shown(Map.of("a", 3, "b", 40, "c", 15, "d", 0), 11))
        .containsEntry("a", "<11")
        .containsEntry("b", "40")
        .containsEntry("c", "suppressed")
        .containsEntry("d", "0");
    assertThat(CellCounts.shown(Map.of("a", 3, "b", 4, "c", 15), 11)).containsEntry("c", "15");
  }

  @Test
  void strata_ofEachColumn_areCounted() {
    byte[][] pictures = pictures(24, new SplittableRandom(1));
    List<CaseFacts> facts = new ArrayList<>();
    for (int i = 0; i < 24; i++) {
      facts.add(new CaseFacts(i + 2, "p" + i, "patient" + i, Map.of("sex", i < 12 ? "f" : "m")));
    }

    SiteManifest manifest =
        SiteManifest.of(Map.of(Split.TRAIN, set(pictures)), Map.of(Split.TRAIN, facts), List.of());

    assertThat(manifest.counts()).containsEntry("train by sex", Map.of("f", "12", "m", "12"));
    assertThat(manifest.values().toString()).doesNotContain("patient3");
  }

  private static SiteManifest manifest(Map<Split, ImageSet> splits, List<String> labels) {
    return SiteManifest.of(splits, Map.of(), labels);
  }

  private static ImageSet set(byte[][] pictures) {
    return set(pictures, 0);
  }

  private static ImageSet set(byte[][] pictures, int label) {
    byte[] pixels = new byte[pictures.length * SIDE * SIDE];
    int[] labels = new int[pictures.length];
    java.util.Arrays.fill(labels, label);
    for (int i = 0; i < pictures.length; i++) {
      System.arraycopy(pictures[i], 0, pixels, i * SIDE * SIDE, SIDE * SIDE);
    }
    return new ImageSet(1, SIDE, SIDE, pixels, labels);
  }

  /** Coarse random patterns: 8 x 8 blocks of random grey. */
  private static byte[][] pictures(int count, SplittableRandom random) {
    byte[][] pictures = new byte[count][SIDE * SIDE];
    for (byte[] picture : pictures) {
      int[] blocks = random.ints(64, 20, 200).toArray();
      for (int at = 0; at < picture.length; at++) {
        picture[at] = (byte) blocks[at / SIDE / 4 * 8 + at % SIDE / 4];
      }
    }
    return pictures;
  }

  private static byte[] brighter(byte[] picture) {
    byte[] other = new byte[picture.length];
    for (int i = 0; i < picture.length; i++) {
      other[i] = (byte) ((picture[i] & 0xff) + 30);
    }
    return other;
  }
}
