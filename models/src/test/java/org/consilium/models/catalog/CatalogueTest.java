package org.consilium.models.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.stream.LongStream;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.TensorSpec;
import org.consilium.protocol.ModelSpec;
import org.consilium.protocol.StudyPlan;
import org.junit.jupiter.api.Test;

class CatalogueTest {

  @Test
  void resnetGn_at64Pixels_hasTheParametersCountedByHand() {
    // Stem 16*1*5*5 = 400. Stage convolutions: 2*16*16*9 = 4608; 9*(16*32 + 32*32) + 16*32 = 14336;
    // 9*(32*64 + 64*64) + 32*64 = 57344; 9*(64*128 + 128*128) + 64*128 = 229376. Norms, scale and
    // shift: stem 32, then 64, 3*64 = 192, 384, 768. Head 128 + 1.
    long expected = 400 + 4608 + 14336 + 57344 + 229376 + 32 + 64 + 192 + 384 + 768 + 129;

    Architecture found = Catalogue.require(new ModelSpec("resnet-gn", 1, 64, 64, 1, 0));

    assertThat(found.parameters()).isEqualTo(expected).isEqualTo(307_633);
  }

  @Test
  void unfit_networkOfPixelsOrOfPictures_isToldForTheOtherQuestion() {
    Architecture pixels = Catalogue.require(new ModelSpec("unet-gn", 1, 64, 64, 2, 0));
    Architecture pictures = Catalogue.require(new ModelSpec("resnet-gn", 1, 64, 64, 1, 0));

    assertThat(Catalogue.unfit(pixels, StudyPlan.Task.Type.CLASSIFICATION).orElseThrow())
        .isEqualTo("unet-gn judges pixels: it is for task segmentation");
    assertThat(Catalogue.unfit(pictures, StudyPlan.Task.Type.SEGMENTATION).orElseThrow())
        .isEqualTo("task segmentation needs an architecture unet..., got resnet-gn");
    assertThat(Catalogue.unfit(pixels, StudyPlan.Task.Type.SEGMENTATION)).isEmpty();
    assertThat(Catalogue.unfit(pictures, StudyPlan.Task.Type.MULTILABEL)).isEmpty();
  }

  @Test
  void resnetGn_at28Pixels_hasA3x3StemWithoutStride() {
    ResNetGn found = (ResNetGn) Catalogue.require(new ModelSpec("resnet-gn", 1, 28, 28, 1, 0));

    assertThat(found.stemStride()).isEqualTo(1);
    assertThat(found.layout().tensors().getFirst())
        .isEqualTo(TensorSpec.of("conv1.weight", 16, 1, 3, 3));
  }

  @Test
  void initial_readInAnyPieces_isTheSame() throws IOException {
    ParameterSource source =
        Catalogue.require(new ModelSpec("resnet-gn", 3, 32, 32, 4, 0)).initial(7);
    int length = (int) source.layout().length();
    float[] whole = new float[length];
    float[] pieces = new float[length];

    source.read(0, whole, 0, length);
    for (int at = 0; at < length; at += 1013) {
      source.read(at, pieces, at, Math.min(1013, length - at));
    }

    assertThat(pieces).isEqualTo(whole);
  }

  @Test
  void initial_ofAConvolution_hasKaimingDeviationAndNormsAreOnes() throws IOException {
    Architecture found = Catalogue.require(new ModelSpec("resnet-gn", 1, 64, 64, 1, 0));
    int conv = indexOf(found, "layer4.0.conv2.weight");
    int norm = indexOf(found, "layer4.0.bn2.weight");
    float[] values = new float[128 * 128 * 9];
    float[] ones = new float[128];

    found.initial(3).read(found.layout().offset(conv), values, 0, values.length);
    found.initial(3).read(found.layout().offset(norm), ones, 0, ones.length);

    double squares = 0;
    for (float value : values) {
      squares += (double) value * value;
    }
    // He et al. 2015: variance 2 / (fan out). 147456 draws: standard error of the deviation 0.2 %.
    assertThat(Math.sqrt(squares / values.length))
        .isCloseTo(Math.sqrt(2.0 / (128 * 9)), org.assertj.core.data.Percentage.withPercentage(1));
    assertThat(ones).containsOnly(1f);
  }

  @Test
  void initial_ofAnotherSeed_differs() throws IOException {
    Architecture found = Catalogue.require(new ModelSpec("resnet-gn-tiny", 1, 16, 16, 1, 0));
    float[] one = new float[72];
    float[] other = new float[72];

    found.initial(1).read(0, one, 0, 72);
    found.initial(2).read(0, other, 0, 72);

    assertThat(one).isNotEqualTo(other);
  }

  @Test
  void synthetic_ofTenMillion_isCutIntoBlocksOfFourMebi() {
    Architecture found = Catalogue.require(new ModelSpec("synthetic", 1, 8, 8, 1, 10_000_000));

    assertThat(found.layout().tensors())
        .extracting(TensorSpec::name)
        .containsExactly("block.0.weight", "block.1.weight", "block.2.weight");
    assertThat(LongStream.range(0, 3).map(i -> found.layout().tensors().get((int) i).length()))
        .containsExactly(4_194_304L, 4_194_304L, 1_611_392L);
  }

  @Test
  void find_unknownNameOrMisplacedSize_isRefusedWithTheField() {
    assertThat(Catalogue.find(new ModelSpec("resnet-50", 1, 64, 64, 1, 0)))
        .isInstanceOfSatisfying(
            Catalogue.Refused.class,
            refused ->
                assertThat(refused.why())
                    .startsWith("model.architecture must be one of resnet-gn, resnet-gn-tiny, ")
                    .endsWith(", synthetic, got resnet-50"));
    assertThat(Catalogue.find(new ModelSpec("synthetic", 1, 64, 64, 1, 0)))
        .isInstanceOf(Catalogue.Refused.class);
    assertThat(Catalogue.find(new ModelSpec("resnet-gn", 1, 64, 64, 1, 5)))
        .isInstanceOf(Catalogue.Refused.class);
  }

  private static int indexOf(Architecture found, String name) {
    return found.layout().tensors().stream().map(TensorSpec::name).toList().indexOf(name);
  }
}
