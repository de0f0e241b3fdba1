package org.consilium.models.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class ImageSetTest {
  private static final ImageSet TWO =
      new ImageSet(1, 1, 2, new byte[] {1, 2, 3, 4}, new int[] {0, 1});
  private static final ImageSet ONE = new ImageSet(1, 1, 2, new byte[] {5, 6}, new int[] {2});

  @Test
  void union_ofSets_putsOneAfterAnother() {
    ImageSet union = ImageSet.union(List.of(TWO, ONE));

    assertThat(union.count()).isEqualTo(3);
    assertThat(union.labels()).containsExactly(0, 1, 2);
    assertThat(union.image(1)).containsExactly(3, 4);
    assertThat(union.image(2)).containsExactly(5, 6);
  }

  @Test
  void union_ofOtherShapesOrNothing_isRefused() {
    ImageSet upright = new ImageSet(1, 2, 1, new byte[] {5, 6}, new int[] {2});

    assertThatThrownBy(() -> ImageSet.union(List.of(TWO, upright)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("1x1x2 and 1x2x1");
    assertThatThrownBy(() -> ImageSet.union(List.of()))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
