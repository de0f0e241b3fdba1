package org.consilium.models.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class VocabularyTest {
  @Test
  void tokens_ofAText_areItsWordsThenTheEndThenZeros() {
    Vocabulary small = Vocabulary.of(List.of("no", "lesion", "left"));

    assertThat(small.tokens("No LESION, (left)!", 6)).containsExactly(2, 3, 4, 511, 0, 0);
  }

  @Test
  void tokens_unknownWordAndTooManyWords_areMarkedAndCut() {
    Vocabulary small = Vocabulary.of(List.of("no", "lesion"));

    assertThat(small.tokens("no Grüße lesion no", 4)).containsExactly(2, 1, 3, 511);
    assertThat(small.tokens("", 2)).containsExactly(511, 0);
  }

  @Test
  void bundled_hasEveryWordOfThePrompts() {
    Vocabulary words = Vocabulary.bundled();

    assertThat(List.of("no", "lesion", "normal", "pneumonia")).allMatch(words::knows);
    assertThat(words.knows("smith")).isFalse();
  }

  @Test
  void alike_sameWordsInAnyOrder_shareTheTarget() {
    double[] shares = Vocabulary.alike(List.of("no lesion", "Lesion: no", "bright cyst"));

    // Rows 0 and 1 have all words in common, and none with row 2: exp(−1/.1) = 4.54e-5.
    double far = Math.exp(-10);
    assertThat(shares[0]).isCloseTo(1 / (2 + far), within(1e-12));
    assertThat(shares[1]).isEqualTo(shares[0]);
    assertThat(shares[2]).isCloseTo(far / (2 + far), within(1e-12));
    assertThat(shares[8]).isCloseTo(1 / (1 + 2 * far), within(1e-12));
  }

  @Test
  void of_moreWordsThanIds_isRefused() {
    List<String> many = java.util.stream.IntStream.range(0, 510).mapToObj(i -> "w" + i).toList();

    assertThatThrownBy(() -> Vocabulary.of(many)).hasMessageContaining("at most 509 words");
  }
}
