package org.consilium.models.tune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.consilium.models.catalog.Catalogue;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.TensorSpec;
import org.consilium.protocol.ModelSpec;
import org.consilium.protocol.StudyPlan.Tuning;
import org.consilium.protocol.StudyPlan.Tuning.Local;
import org.consilium.protocol.StudyPlan.Tuning.Regime;
import org.junit.jupiter.api.Test;

final class TrainedSetTest {
  private static final ModelSpec SMALL = new ModelSpec("vit-test", 1, 16, 16, 1, 0);

  @Test
  void ffaLora_ofTheBaseTransformer_sendsWhatThePaperCounts() {
    // 4·768·8 values of B in each of 12 blocks (qkv 3·768, proj 768), and the head's 768 + 1.
    TrainedSet set = set(new ModelSpec("vit-base-16", 3, 224, 224, 1, 0), lora(Regime.FFA_LORA, 8));

    assertThat(set.shared().length()).isEqualTo(12L * 4 * 768 * 8 + 769);
    assertThat(set.adapterScale()).isEqualTo(2);
  }

  @Test
  void regimes_ofASmallTransformer_trainWhatTheySay() {
    assertThat(names(set(SMALL, plain(Regime.PROBE)).shared()))
        .containsExactly("head.weight", "head.bias");
    assertThat(names(set(SMALL, last(1)).shared()))
        .allMatch(n -> n.startsWith("blocks.1.") || n.startsWith("norm.") || n.startsWith("head."))
        .contains("blocks.1.attn.qkv.weight", "norm.weight");
    assertThat(names(set(SMALL, plain(Regime.BITFIT)).shared()))
        .allMatch(n -> n.endsWith(".bias") || n.contains("norm") || n.startsWith("head."))
        .contains("blocks.0.norm1.weight", "blocks.0.mlp.fc1.bias");
    assertThat(names(set(SMALL, lora(Regime.LORA, 4)).shared()))
        .contains("blocks.0.attn.qkv.lora_A", "blocks.1.attn.proj.lora_B", "head.bias")
        .noneMatch(n -> n.endsWith("qkv.weight"));
  }

  @Test
  void localHead_isTrainedAndDoesNotTravel() {
    TrainedSet set = set(SMALL, new Tuning(Regime.FULL, 0, 0, 0, Local.HEAD));

    assertThat(names(set.shared())).doesNotContain("head.weight").contains("norm.weight");
    assertThat(names(set.local().orElseThrow())).containsExactly("head.weight", "head.bias");
    assertThat(set.trained()).contains("head.weight");
  }

  @Test
  void combinationsWithoutSense_areRefusedWithTheKey() {
    ModelSpec residual = new ModelSpec("resnet-gn", 1, 32, 32, 1, 0);
    assertThatThrownBy(() -> set(residual, lora(Regime.FFA_LORA, 8)))
        .hasMessage("tuning.regime: resnet-gn has no attention layers for an adapter");
    assertThatThrownBy(() -> set(SMALL, last(3)))
        .hasMessage("tuning.blocks must be at most 2 for vit-test, got 3");
    assertThatThrownBy(() -> set(SMALL, lora(Regime.LORA, 64)))
        .hasMessage("tuning.rank must be at most 32 for vit-test, got 64");
  }

  @Test
  void merging_ofFrozenFactors_isLinear_andOfBothFactors_isNot() throws IOException {
    assertThat(meanError(Regime.FFA_LORA)).isLessThan(1e-6);
    assertThat(meanError(Regime.LORA)).isGreaterThan(1e-4);
  }

  @Test
  void start_fromAFoundation_takesItsTensorsAndRefusesOthers() throws IOException {
    TrainedSet full = set(SMALL, Tuning.FULL);
    ParameterSource other = full.architecture().initial(9);
    Start start = Start.from(other, full, 4);

    assertThat(values(start)).isEqualTo(values(other));
    ParameterLayout foreign = set(new ModelSpec("vit-test", 3, 16, 16, 1, 0), Tuning.FULL).shared();
    assertThatThrownBy(() -> Start.from(new Values(foreign, new float[0]), full, 4))
        .hasMessageContaining("foundation does not fit vit-test in 1 tensors")
        .hasMessageContaining("patch_embed.proj.weight has shape [32, 3, 4, 4]");
  }

  @Test
  void start_fromAPreTraining_keepsTheEncoderAndMakesTheHead() throws IOException {
    TrainedSet full = set(SMALL, Tuning.FULL);
    ParameterSource pretrained =
        Catalogue.require(new ModelSpec("mae-vit-test", 1, 16, 16, 1, 0)).initial(3);
    Start start = Start.from(pretrained, full, 4);

    float[] whole = values(start);
    int head = names(full.whole()).indexOf("head.weight");
    int from = (int) full.whole().offset(head);
    float[] seeded = values(full.architecture().initial(4));
    assertThat(Arrays.copyOfRange(whole, from, from + 33))
        .isEqualTo(Arrays.copyOfRange(seeded, from, from + 33));
    assertThat(Arrays.copyOf(whole, from)).isNotEqualTo(Arrays.copyOf(seeded, from));
  }

  /** Largest difference between the mean of two merged models and the merged mean. */
  private static double meanError(Regime regime) throws IOException {
    TrainedSet set = set(SMALL, lora(regime, 4));
    Start start = Start.seeded(set, 1);
    float[] one = moved(set, 2);
    float[] two = moved(set, 3);
    float[] mean = new float[one.length];
    for (int i = 0; i < mean.length; i++) {
      mean[i] = (one[i] + two[i]) / 2;
    }
    float[] a = merged(set, start, one);
    float[] b = merged(set, start, two);
    float[] c = merged(set, start, mean);
    double most = 0;
    for (int i = 0; i < a.length; i++) {
      most = Math.max(most, Math.abs((a[i] + b[i]) / 2.0 - c[i]));
    }
    assertThat(a).isNotEqualTo(values(set.architecture().initial(1)));
    return most;
  }

  private static float[] merged(TrainedSet set, Start start, float[] shared) throws IOException {
    return values(new Merged(set, start, List.of(new Values(set.shared(), shared))));
  }

  private static float[] moved(TrainedSet set, long seed) throws IOException {
    float[] shared = values(set.shared(Start.seeded(set, 1)));
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < shared.length; i++) {
      shared[i] += (float) random.nextDouble(-0.1, 0.1);
    }
    return shared;
  }

  private record Values(ParameterLayout layout, float[] values) implements ParameterSource {
    @Override
    public void read(long offset, float[] into, int at, int length) {
      System.arraycopy(values, (int) offset, into, at, length);
    }
  }

  private static float[] values(ParameterSource source) throws IOException {
    float[] values = new float[(int) source.layout().length()];
    source.read(0, values, 0, values.length);
    return values;
  }

  private static TrainedSet set(ModelSpec spec, Tuning tuning) {
    return TrainedSet.of(Catalogue.require(spec), tuning);
  }

  private static Tuning plain(Regime regime) {
    return new Tuning(regime, 0, 0, 0, Local.NOTHING);
  }

  private static Tuning last(int blocks) {
    return new Tuning(Regime.LAST_BLOCKS, blocks, 0, 0, Local.NOTHING);
  }

  private static Tuning lora(Regime regime, int rank) {
    return new Tuning(regime, 0, rank, 2 * rank, Local.NOTHING);
  }

  private static List<String> names(ParameterLayout layout) {
    return layout.tensors().stream().map(TensorSpec::name).toList();
  }
}
