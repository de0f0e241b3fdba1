package org.consilium.models.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.util.List;
import org.consilium.models.catalog.VisionTransformer.Body;
import org.consilium.models.catalog.VisionTransformer.Image;
import org.consilium.models.catalog.VisionTransformer.Shape;
import org.consilium.models.catalog.VisionTransformer.Tokens;
import org.consilium.models.catalog.VisionTransformer.Variant;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.TensorSpec;
import org.consilium.protocol.ModelSpec;
import org.junit.jupiter.api.Test;

class VisionTransformerTest {

  @Test
  void parameters_ofThePublishedSizes_areThePublishedCounts() {
    // timm's counts without a head; the head adds (width + 1) values a class.
    assertThat(count("vit-tiny-16", 224)).isEqualTo(5_524_416 + 193);
    assertThat(count("vit-small-16", 224)).isEqualTo(21_665_664 + 385);
    assertThat(count("vit-base-16", 224)).isEqualTo(85_798_656 + 769);
    assertThat(count("vit-large-16", 224)).isEqualTo(303_301_632 + 1025);
    // A block: 12 D^2 + 13 D, and 2 D of LayerScale; the rest by hand for 37^2 + 1 places.
    assertThat(count("vit-small-14-dinov2", 518)).isEqualTo(dinov2(384, 12) + 385);
    assertThat(count("vit-base-14-dinov2", 518)).isEqualTo(dinov2(768, 12) + 769);
    assertThat(count("vit-large-14-dinov2", 518)).isEqualTo(dinov2(1024, 24) + 1025);
    assertThat(dinov2(384, 12) / 100_000).isEqualTo(220);
    assertThat(dinov2(768, 12) / 100_000).isEqualTo(865);
    assertThat(dinov2(1024, 24) / 100_000).isEqualTo(3043);
  }

  @Test
  void parameters_ofTheGiants_areTheirBlocksTimesTheHandWorkedBlock() {
    // qkv 3 D^2 + 3 D, proj D^2 + D, fc1 D*8192 + 8192, fc2 4096*D + D, norms 4 D, scales 2 D.
    long block = 4L * 1536 * 1536 + 12288L * 1536 + 11L * 1536 + 8192;
    long patch = 1536L * 3 * 14 * 14 + 1536;
    long ends = 3L * 1536;
    assertThat(count("vit-giant-14-dinov2", 518))
        .isEqualTo(40 * block + patch + ends + 1370L * 1536 + 1537);
    assertThat(count("vit-huge-14-reg8", 224))
        .isEqualTo(24 * block + patch + ends + (8 + 256L) * 1536 + 1537);
  }

  @Test
  void parameters_ofTheSmallOnes_areCountedByHand() {
    // 16 px, patch 4, grey: 2*(12*32^2 + 13*32) + 16*32 + 32 + 17*32 + 32 + 64, head 33.
    assertThat(Catalogue.require(new ModelSpec("vit-test", 1, 16, 16, 1, 0)).parameters())
        .isEqualTo(26_625);
    // timm's test_vit is this one with patch 16 at 160 px: .371 M with 1000 classes.
    Image image = new Image(3, 160, 160, 16);
    Shape shape = new Shape(image, Body.of(64, 6, 2, 3), Tokens.CLASS, Variant.PLAIN, 1000);
    assertThat(VisionTransformer.of("test", shape).parameters() / 1000).isEqualTo(371);
  }

  @Test
  void parameters_ofTheMaskedAutoencoderB_areThePublishedCount() {
    VisionTransformer base =
        (VisionTransformer) Catalogue.require(new ModelSpec("vit-base-16", 3, 224, 224, 1, 0));

    MaskedAutoencoder found = MaskedAutoencoder.of(base, MaskedAutoencoder.STANDARD);

    assertThat(found.parameters()).isEqualTo(111_907_840);
    assertThat(found.layout().tensors())
        .containsAll(
            base.layout().tensors().stream().filter(t -> !t.name().startsWith("head.")).toList());
  }

  @Test
  void layer_ofEachTensor_runsFromEmbeddingToHead() {
    Architecture found = Catalogue.require(new ModelSpec("vit-mini", 1, 64, 64, 1, 0));

    assertThat(found.depth()).isEqualTo(6);
    assertThat(found.layer("pos_embed")).isZero();
    assertThat(found.layer("patch_embed.proj.weight")).isZero();
    assertThat(found.layer("blocks.0.norm1.weight")).isEqualTo(1);
    assertThat(found.layer("blocks.5.mlp.fc2.bias")).isEqualTo(6);
    assertThat(found.layer("norm.weight")).isEqualTo(7);
    assertThat(found.layer("head.bias")).isEqualTo(7);
  }

  @Test
  void initial_ofTheSmallPreTrainingModels_knowsNoPlaces() throws IOException {
    for (String name : List.of("mae-vit-mini", "mae-vit-mini-7")) {
      int side = name.endsWith("7") ? 28 : 64;
      Architecture small = Catalogue.require(new ModelSpec(name, 1, side, side, 1, 0));
      assertThat(read(small, "pos_embed")).as(name).containsOnly(0);
      assertThat(read(small, "decoder_pos_embed")).as(name).contains(1f);
    }
  }

  @Test
  void initial_ofAMaskedAutoencoder_hasTheSineTableOfTheOriginal() throws IOException {
    // Width 8: quarters of 2, frequencies 1 and 1/100. Place 1 + 2*1 + 1 = column 1, row 1 of 2 x
    // 2.
    Image image = new Image(1, 8, 8, 4);
    Body body = Body.of(8, 1, 2, 4);
    var shape =
        new MaskedAutoencoder.Shape(
            image, body, 4, new MaskedAutoencoder.Decoder(8, 1, 2), Variant.PLAIN);
    MaskedAutoencoder found = MaskedAutoencoder.of("mae", shape);

    float[] table = read(found, "pos_embed");

    assertThat(table).startsWith(0, 0, 0, 0, 0, 0, 0, 0);
    double[] wave = {Math.sin(1), Math.sin(0.01), Math.cos(1), Math.cos(0.01)};
    for (int i = 0; i < 4; i++) {
      assertThat((double) table[32 + i]).isCloseTo(wave[i], within(1e-7));
      assertThat((double) table[36 + i]).isCloseTo(wave[i], within(1e-7));
      // Column 1, row 0: the column's waves come first.
      assertThat((double) table[16 + i]).isCloseTo(wave[i], within(1e-7));
      assertThat(table[20 + i]).isEqualTo(i < 2 ? 0f : 1f);
    }
    assertThat(read(found.withoutPlaces(), "pos_embed")).containsOnly(0);
    assertThat(read(found.withoutPlaces(), "decoder_pos_embed")).isEqualTo(table);
  }

  @Test
  void find_imageThatPatchesDoNotTile_isRefusedWithTheNumbers() {
    assertThat(Catalogue.find(new ModelSpec("vit-tiny-16", 1, 100, 64, 1, 0)))
        .isEqualTo(
            new Catalogue.Refused(
                "model.height and model.width must be multiples of the patch, 16 pixels, got"
                    + " 100x64, for architecture vit-tiny-16"));
    assertThatThrownBy(() -> Body.of(30, 2, 4, 4)).hasMessageContaining("multiple of the heads");
  }

  private static long dinov2(long width, long depth) {
    long block = 12 * width * width + 15 * width;
    return depth * block + width * 3 * 196 + width + 1370 * width + width + 2 * width;
  }

  private static long count(String name, int edge) {
    return Catalogue.require(new ModelSpec(name, 3, edge, edge, 1, 0)).parameters();
  }

  private static float[] read(Architecture found, String name) throws IOException {
    int index = found.layout().tensors().stream().map(TensorSpec::name).toList().indexOf(name);
    float[] values = new float[(int) found.layout().tensors().get(index).length()];
    ParameterSource source = found.initial(1);
    source.read(found.layout().offset(index), values, 0, values.length);
    return values;
  }
}
