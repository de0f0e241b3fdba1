package org.consilium.models.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.consilium.models.catalog.DilatedBranches.Branch;
import org.consilium.models.catalog.DilatedBranches.Tensor;
import org.consilium.protocol.ModelSpec;
import org.junit.jupiter.api.Test;

final class UniRepLKNetTest {
  @Test
  void sizes_with1000Classes_haveThePublishedCounts() {
    // Millions as the authors' table rounds them, from T on to whole ones.
    Map<String, Double> published =
        Map.of(
            "a", 4.4, "f", 6.2, "p", 10.7, "n", 18.3, "t", 31.0, "s", 56.0, "b", 98.0, "l", 218.0);
    published.forEach(
        (size, millions) -> {
          ModelSpec spec = new ModelSpec("unireplknet-" + size, 3, 224, 224, 1000, 0);
          double ours = Catalogue.require(spec).parameters() / 1e6;
          double unit = millions < 31 ? 10 : 1;
          assertThat(Math.round(ours * unit)).as(size).isEqualTo(Math.round(millions * unit));
        });
  }

  @Test
  void layout_ofTheMergedForm_hasNoBatchStatistics() {
    Architecture test = Catalogue.require(new ModelSpec("unireplknet-test", 1, 64, 64, 2, 0));

    assertThat(test.layout().tensors())
        .noneMatch(tensor -> tensor.name().contains("running") || tensor.name().contains("_bn"));
    assertThat(test.depth()).isEqualTo(5);
    assertThat(test.layer("downsample_layers.0.3.weight")).isZero();
    assertThat(test.layer("downsample_layers.2.0.weight")).isEqualTo(3);
    assertThat(test.layer("stages.2.1.se.up.bias")).isEqualTo(4);
    assertThat(test.layer("head.bias")).isEqualTo(6);
  }

  @Test
  void branches_ofEveryKernel_fitInsideIt() {
    for (int kernel : List.of(5, 7, 9, 11, 13, 15, 17)) {
      assertThat(DilatedBranches.beside(kernel))
          .as("kernel %d", kernel)
          .allMatch(branch -> branch.dilation() * (branch.kernel() - 1) + 1 <= kernel);
    }
    assertThatThrownBy(() -> DilatedBranches.beside(19))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("edge 19");
  }

  @Test
  void merge_ofOneChannel_isWhatOneComputesByHand() {
    for (int kernel : List.of(5, 7, 9, 11, 13, 15, 17)) {
      // Ones everywhere, each normalisation halves (variance 4, epsilon 0) and shifts by 1 - 3/2.
      Map<String, Tensor> trained = new LinkedHashMap<>();
      ones("dwconv.lk_origin.weight", kernel * kernel, trained, 1, 1, kernel, kernel);
      norm("dwconv.origin_bn", trained);
      for (Branch branch : DilatedBranches.beside(kernel)) {
        int edge = branch.kernel();
        ones(
            "dwconv.dil_conv" + branch.suffix() + ".weight",
            edge * edge,
            trained,
            1,
            1,
            edge,
            edge);
        norm("dwconv.dil_bn" + branch.suffix(), trained);
      }
      norm("norm", trained);
      ones("pwconv2.0.weight", 4, trained, 1, 4);
      ones("act.1.beta", 4, trained, 1, 1, 1, 4);
      norm("pwconv2.2", trained);
      trained.put("gamma", new Tensor(List.of(1), new float[] {10}));

      Map<String, Tensor> merged = DilatedBranches.merge(trained, 0);

      int branches = DilatedBranches.beside(kernel).size();
      float[] sum = values(merged, "dwconv.lk_origin.weight");
      // All branches have a tap in the middle: (1 + branches) / 2, and half of it again.
      assertThat(sum[kernel * kernel / 2]).isEqualTo((1 + branches) / 4f);
      long taps =
          DilatedBranches.beside(kernel).stream().mapToInt(b -> b.kernel() * b.kernel()).sum();
      double total = 0;
      for (float value : sum) {
        total += value;
      }
      assertThat(total).isEqualTo(((double) kernel * kernel + taps) / 4);
      // 1 + (-(1 + branches) / 2 - 3) / 2, the shift of the sum normalised again.
      assertThat(values(merged, "dwconv.lk_origin.bias"))
          .containsExactly(1 + (-(1 + branches) / 2f - 3) / 2);
      // (1 + (4 - 3) / 2) · 10 and 1 / 2 · 10.
      assertThat(values(merged, "pwconv2.0.bias")).containsExactly(15f);
      assertThat(values(merged, "pwconv2.0.weight")).containsOnly(5f);
      assertThat(merged.keySet())
          .containsExactlyInAnyOrder(
              "dwconv.lk_origin.weight",
              "dwconv.lk_origin.bias",
              "pwconv2.0.weight",
              "pwconv2.0.bias");
    }
  }

  private static float[] values(Map<String, Tensor> merged, String name) {
    Tensor found = merged.get(name);
    assertThat(found).as(name).isNotNull();
    return found == null ? new float[0] : found.values();
  }

  private static void norm(String name, Map<String, Tensor> tensors) {
    ones(name + ".weight", 1, tensors, 1);
    ones(name + ".bias", 1, tensors, 1);
    tensors.put(name + ".running_mean", new Tensor(List.of(1), new float[] {3}));
    tensors.put(name + ".running_var", new Tensor(List.of(1), new float[] {4}));
  }

  private static void ones(String name, int count, Map<String, Tensor> tensors, Integer... shape) {
    float[] values = new float[count];
    java.util.Arrays.fill(values, 1);
    tensors.put(name, new Tensor(List.of(shape), values));
  }
}
