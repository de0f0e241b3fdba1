package org.consilium.models.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class RetrievalTest {
  @Test
  void recall_ofThreeImages_countsEqualTextsOnce() {
    // Texts a, b, a stand at (1, 0), (0, 1), (1, 0); the third image is nearer to b than to its a.
    float[] images = {1, 0, 0, 1, .6f, .8f};
    float[] texts = {1, 0, 0, 1, 1, 0};

    Retrieval found = Retrieval.of(images, texts, List.of("a", "b", "a"));

    assertThat(found.different()).isEqualTo(2);
    assertThat(found.ranks()).containsExactly(1, 1, 2);
    assertThat(found.recall(1)).isCloseTo(2 / 3.0, within(1e-12));
    assertThat(found.recall(2)).isEqualTo(1);
  }

  @Test
  void recall_allTextsAlike_isNotTakenForAHit() {
    float[] same = {1, 0, 1, 0};

    assertThat(Retrieval.of(same, same, List.of("a", "b")).recall(1)).isZero();
  }
}
