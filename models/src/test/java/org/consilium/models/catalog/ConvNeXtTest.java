package org.consilium.models.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.consilium.models.params.TensorSpec;
import org.consilium.protocol.ModelSpec;
import org.junit.jupiter.api.Test;

final class ConvNeXtTest {
  /** Millions with 1000 classes, as the papers and timm's table round them. */
  private static final Map<String, Double> PUBLISHED =
      Map.ofEntries(
          Map.entry("convnext-atto", 3.7),
          Map.entry("convnext-femto", 5.2),
          Map.entry("convnext-pico", 9.0),
          Map.entry("convnext-nano", 15.6),
          Map.entry("convnext-tiny", 28.6),
          Map.entry("convnext-small", 50.2),
          Map.entry("convnext-base", 88.6),
          Map.entry("convnext-large", 197.8),
          Map.entry("convnextv2-atto", 3.7),
          Map.entry("convnextv2-femto", 5.2),
          Map.entry("convnextv2-pico", 9.1),
          Map.entry("convnextv2-nano", 15.6),
          Map.entry("convnextv2-tiny", 28.6),
          Map.entry("convnextv2-base", 88.7),
          Map.entry("convnextv2-large", 198.0));

  @Test
  void sizes_with1000Classes_haveThePublishedCounts() {
    PUBLISHED.forEach(
        (name, millions) -> {
          long count = Catalogue.require(new ModelSpec(name, 3, 224, 224, 1000, 0)).parameters();
          assertThat(Math.round(count / 1e5)).as(name).isEqualTo(Math.round(millions * 10));
        });
  }

  @Test
  void tiny_with1000Classes_hasTheCountAddedUpByHand() {
    // A block of width C: 49 C + C (kernel, bias), 2 C (norm), 4 C² + 4 C, 4 C² + C, C (scale).
    long expected = 96 * 3 * 16 + 96 + 2 * 96;
    int[] depths = {3, 3, 9, 3};
    for (int stage = 0, width = 96; stage < 4; stage++, width *= 2) {
      expected += depths[stage] * (8L * width * width + 58L * width);
      expected += stage == 3 ? 0 : 2L * width + 4L * width * 2 * width + 2L * width;
    }
    expected += 2 * 768 + 768 * 1000 + 1000;

    Architecture tiny = Catalogue.require(new ModelSpec("convnext-tiny", 3, 224, 224, 1000, 0));

    assertThat(tiny.parameters()).isEqualTo(expected).isEqualTo(28_589_128);
  }

  @Test
  void layer_ofEachPart_countsBlocksFromTheStemToTheHead() {
    Architecture atto = Catalogue.require(new ModelSpec("convnext-atto", 1, 64, 64, 2, 0));

    assertThat(atto.depth()).isEqualTo(12);
    assertThat(atto.layer("stem.1.bias")).isZero();
    assertThat(atto.layer("stages.0.blocks.1.gamma")).isEqualTo(2);
    assertThat(atto.layer("stages.2.downsample.0.weight")).isEqualTo(5);
    assertThat(atto.layer("stages.2.blocks.5.norm.weight")).isEqualTo(10);
    assertThat(atto.layer("head.norm.weight")).isEqualTo(13);
    assertThat(atto.layout().tensors())
        .contains(TensorSpec.of("stages.3.blocks.1.mlp.fc1.weight", 1280, 320, 1, 1));
  }

  @Test
  void find_imageTooSmallForTheStages_isRefusedWithTheNumbers() {
    assertThat(Catalogue.find(new ModelSpec("convnext-test", 1, 28, 28, 1, 0)))
        .isEqualTo(
            new Catalogue.Refused(
                "model.height and model.width must be at least 32 for convnext-test, got 28 and"
                    + " 28"));
  }
}
