package org.consilium.coordinator.aggregate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.consilium.coordinator.aggregate.robust.RobustRule;
import org.consilium.coordinator.aggregate.rule.ServerRule;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.models.params.SafetensorsWriter;
import org.consilium.models.params.TensorSpec;
import org.consilium.protocol.Aggregation;
import org.consilium.protocol.Digest;
import org.consilium.security.fixed.FixedTerms;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Three sites' sealed updates over two blocks: one of norm 6 and two of norm 1. */
final class CentralNoiseTest {
  private static final int LENGTH = 300_000; // more than a block of 262,144
  private static final int[] SAME = {1, 1, 1};
  private static final FixedTerms TERMS = new FixedTerms(16, 8, 3);
  private static final double UNIT = Math.scalb(1.0, -TERMS.scaleExponent(3));

  @TempDir Path folder;

  @Test
  void aggregate_withoutNoise_isTheMeanOfUpdatesCutToTheClip() throws Exception {
    float[] mean = run(0, 2, 1);

    assertThat(mean[0]).isCloseTo(2f / 3, within(1e-5f)); // 6 of norm, cut to 2, of three sites
    assertThat(mean[1]).isCloseTo(1f / 3, within(1e-5f)); // shorter than the clip: as it is
    assertThat(mean[LENGTH - 1]).isCloseTo(-1f / 3, within(1e-5f));
  }

  /** σS/n = 3·2/3 = 2; the standard error of a variance over 299,997 draws is 0.26 %. */
  @Test
  void aggregate_withNoise_addsGaussiansOfSigmaTimesClipToTheSum() throws Exception {
    float[] noisy = run(3, 2, 2);
    double sum = 0;
    double squares = 0;
    int beyond = 0;
    for (int i = 2; i < LENGTH - 1; i++) {
      sum += noisy[i];
      squares += (double) noisy[i] * noisy[i];
      beyond += Math.abs(noisy[i]) > 2 * 1.959964 ? 1 : 0;
    }
    int count = LENGTH - 3;

    assertThat(sum / count).isCloseTo(0, within(0.02)); // 5 standard errors
    assertThat(Math.sqrt(squares / count)).isCloseTo(2, within(0.02));
    assertThat((double) beyond / count).isCloseTo(0.05, within(0.003));
    assertThat(noisy).isNotEqualTo(run(3, 2, 2)); // drawn anew
  }

  /** Neither half of a block nor two blocks share their noise, with one thread or two. */
  @Test
  void aggregate_blocks_haveNoiseOfTheirOwn() throws Exception {
    float[] noisy = run(3, 2, 2);
    double product = 0;
    for (int i = 2; i < LENGTH - 262_144 - 1; i++) {
      product += (double) noisy[i] * noisy[i + 262_144];
    }

    // of 37,853 products of variance 16
    assertThat(product / (LENGTH - 262_144 - 3)).isCloseTo(0, within(0.11));
  }

  @Test
  void task_robustRuleUnderNoise_isRefused() throws Exception {
    try (SpoolFixture spools = spools()) {
      assertThatThrownBy(() -> make(spools, 1, 1, 1, Optional.of(RobustRule.median(1))))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("central noise is for the plain mean");
    }
  }

  private float[] run(double sigma, double clip, int threads) throws Exception {
    try (SpoolFixture spools = spools()) {
      return make(spools, sigma, clip, threads, Optional.empty());
    }
  }

  private float[] make(
      SpoolFixture spools, double sigma, double clip, int threads, Optional<RobustRule> robust)
      throws RoundBroken, IOException {
    Path base = folder.resolve("base.safetensors");
    try (SafetensorsWriter zero = SafetensorsWriter.create(base, layout(), Map.of())) {
      zero.write(new float[LENGTH], 0, LENGTH);
      Digest _ = zero.finish(false);
    }
    List<SealedDelta> deltas = new ArrayList<>();
    for (SealedDelta d : spools.deltas()) { // the fixture's norms are in units of the fixed point
      deltas.add(new SealedDelta(d.site(), d.weight(), d.norm() * UNIT, d.opener(), d.spool()));
    }
    Path out = folder.resolve("out.safetensors");
    try (SafetensorsFile source = SafetensorsFile.open(base);
        SafetensorsWriter writer = SafetensorsWriter.create(out, layout(), Map.of())) {
      Step _ =
          new FixedPointMean(threads)
              .aggregate(
                  new AggregationTask(
                      source,
                      deltas,
                      TERMS,
                      Collections.nCopies(1, 3),
                      new ServerState(
                          ServerRule.of(Aggregation.FEDAVG), 1, 3, List.of(), List.of()),
                      Optional.empty(),
                      robust,
                      Optional.of(new CentralNoise(sigma, clip, new SecureRandom())),
                      writer));
      Digest _ = writer.finish(false);
    }
    try (SafetensorsFile made = SafetensorsFile.open(out)) {
      float[] values = new float[LENGTH];
      made.read(0, values, 0, LENGTH);
      return values;
    }
  }

  private static ParameterLayout layout() {
    return ParameterLayout.of(List.of(TensorSpec.of("a", LENGTH)));
  }

  private SpoolFixture spools() throws IOException {
    List<int[]> values = new ArrayList<>();
    for (int site = 0; site < 3; site++) {
      values.add(new int[LENGTH]);
    }
    values.get(0)[0] = (int) Math.round(6 / UNIT);
    values.get(1)[1] = (int) Math.round(1 / UNIT);
    values.get(2)[LENGTH - 1] = (int) Math.round(-1 / UNIT);
    return SpoolFixture.of(Files.createTempDirectory(folder, "spools"), layout(), SAME, values);
  }
}
