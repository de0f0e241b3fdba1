package org.consilium.coordinator.aggregate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.consilium.coordinator.aggregate.rule.ServerRule;
import org.consilium.models.federated.RoundLayout;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.models.params.SafetensorsWriter;
import org.consilium.models.params.TensorSpec;
import org.consilium.protocol.Aggregation;
import org.consilium.protocol.Aggregation.Rule;
import org.consilium.protocol.Aggregation.Weighting;
import org.consilium.protocol.Digest;
import org.consilium.security.fixed.FixedTerms;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What every rule of the weighted mean must do, whatever its threads. */
abstract class AggregatorContract {
  private static final FixedTerms TERMS = new FixedTerms(16, 4, 3);

  @TempDir Path folder;

  abstract Aggregator aggregator(int threads);

  @Test
  void aggregate_trailerAcrossChunks_equalsExactArithmetic() throws Exception {
    // A chunk holds 2^18 values: the trailer lies in one chunk, across two, and in one of its own.
    for (int last : new int[] {10, (1 << 18) - 1 - 1000, (1 << 18) - 1000}) {
      ParameterLayout layout =
          ParameterLayout.of(
              List.of(TensorSpec.of("a", 700), TensorSpec.of("b", 300), TensorSpec.of("c", last)));
      List<Integer> exponents = List.of(3, -2, 0);
      try (SpoolFixture spools = SpoolFixture.of(folder, layout, new int[] {3, 16, 1, 7}, 91L)) {
        Path base = base(layout);
        Path out = folder.resolve("out.safetensors");

        Step step = run(aggregator(2), spools.deltas(), base, out, exponents);

        try (SafetensorsFile was = SafetensorsFile.open(base);
            SafetensorsFile is = SafetensorsFile.open(out)) {
          assertExact(all(is), all(was), spools, exponents);
        }
        assertThat(step.weightSum()).isEqualTo(27);
        assertThat(step.clipped()).isEqualTo(4 * 5);
      }
    }
  }

  @Test
  void aggregate_narrowUpdates_sameBytesAsTheirIntegersInFull() throws Exception {
    ParameterLayout layout =
        ParameterLayout.of(List.of(TensorSpec.of("a", 700), TensorSpec.of("b", 1 << 18)));
    byte[] shifts = {11, 3};
    int[] weights = {3, 16};
    java.util.SplittableRandom random = new java.util.SplittableRandom(8);
    List<byte[]> narrow = new ArrayList<>();
    List<int[]> full = new ArrayList<>();
    for (int weight : weights) {
      byte[] q = new byte[(int) layout.length()];
      int[] values = new int[q.length];
      for (int i = 0; i < q.length; i++) {
        q[i] = (byte) random.nextInt(-127, 128);
        values[i] = weight * q[i] * (1 << shifts[i < 700 ? 0 : 1]);
      }
      narrow.add(q);
      full.add(values);
    }
    Path base = base(layout);
    Path first = folder.resolve("narrow.safetensors");
    Path second = folder.resolve("full.safetensors");
    try (SpoolFixture few = SpoolFixture.narrow(folder, layout, weights, narrow, shifts);
        SpoolFixture all = SpoolFixture.of(folder, layout, weights, full)) {
      Step fromFew = run(aggregator(2), few.deltas(), base, first, List.of(3, -2));
      Step fromAll = run(aggregator(1), all.deltas(), base, second, List.of(3, -2));

      assertThat(fromFew).isEqualTo(fromAll);
      assertThat(values(first)).isEqualTo(values(second)).isNotEqualTo(values(base));
    }
  }

  @Test
  void aggregate_anyOrderAndThreads_sameBytes() throws Exception {
    ParameterLayout layout =
        ParameterLayout.of(List.of(TensorSpec.of("a", 1000, 700), TensorSpec.of("b", 3)));
    Set<Digest> digests = new HashSet<>();
    Set<Step> steps = new HashSet<>();
    try (SpoolFixture spools = SpoolFixture.of(folder, layout, new int[] {3, 16, 1, 7}, 17L)) {
      Path base = base(layout);
      for (int threads = 1; threads <= 3; threads++) {
        List<SealedDelta> order = new ArrayList<>(spools.deltas());
        java.util.Collections.rotate(order, threads);
        Path out = folder.resolve("out.safetensors");
        steps.add(run(aggregator(threads), order, base, out, List.of(3, 3)));
        digests.add(Digest.sha256(java.nio.file.Files.readAllBytes(out)));
      }
    }

    assertThat(digests).hasSize(1);
    assertThat(steps).hasSize(1);
  }

  @Test
  void aggregate_damagedOrShortSpool_namesTheSite() throws Exception {
    ParameterLayout layout = ParameterLayout.of(List.of(TensorSpec.of("a", 1000, 700)));
    try (SpoolFixture spools = SpoolFixture.of(folder, layout, new int[] {3, 16}, 5L)) {
      Path base = base(layout);
      Path out = folder.resolve("out.safetensors");
      try (FileChannel file =
          FileChannel.open(spools.file(1), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
        file.truncate(file.size() - 1);
        assertThatThrownBy(() -> run(aggregator(2), spools.deltas(), base, out, List.of(3)))
            .isInstanceOfSatisfying(
                UpdateBroken.class, broken -> assertThat(broken.site().value()).isEqualTo("site-1"))
            .hasMessageContaining("ends before chunk 2");

        ByteBuffer zero = ByteBuffer.allocate(4);
        int written = file.write(zero, 100);
        assertThat(written).isEqualTo(4);
      }
      assertThatThrownBy(() -> run(aggregator(1), spools.deltas(), base, out, List.of(3)))
          .isInstanceOf(UpdateBroken.class)
          .hasMessageContaining("chunk 0 of 3 from site site-1");
    }
  }

  @ParameterizedTest
  @MethodSource("org.consilium.coordinator.aggregate.FederatedVectors#rules")
  void aggregate_ruleOverTwoRounds_equalsItsPureFunction(Aggregation plan) throws Exception {
    // More than one chunk, so that moments are read and written in blocks.
    ParameterLayout trained =
        ParameterLayout.of(List.of(TensorSpec.of("a", 1000, 300), TensorSpec.of("b", 3)));
    ParameterLayout layout = RoundLayout.of(trained, plan);
    List<Integer> exponents =
        java.util.Collections.nCopies(layout.tensors().size(), TERMS.rangeExponent());
    ServerRule rule = ServerRule.of(plan);
    Path file = base(layout);
    WholeVector oracle = new WholeVector(rule, layout, values(file));
    List<Path> moments = List.of();
    for (int round = 1; round <= 2; round++) {
      try (SpoolFixture spools =
          SpoolFixture.of(folder, layout, new int[] {3, 16, 1}, 40L + round)) {
        Path next = folder.resolve("round-" + round);
        RuleRound run = new RuleRound(aggregator(2), rule, round, 4);
        moments = run.make(TERMS, exponents, spools.deltas(), file, moments, next);
        file = next;
        oracle.round(spools, TERMS, TERMS.rangeExponent(), 4);

        assertThat(values(file)).isEqualTo(oracle.parameters());
        for (int m = 0; m < rule.moments(); m++) {
          assertThat(values(moments.get(m))).isEqualTo(oracle.moments()[m]);
        }
      }
    }
  }

  private static float[] values(Path file) throws IOException {
    try (SafetensorsFile opened = SafetensorsFile.open(file)) {
      return all(opened);
    }
  }

  final Path base(ParameterLayout layout) throws IOException {
    Path file = folder.resolve("base.safetensors");
    SplittableRandom random = new SplittableRandom(7);
    float[] values = new float[Math.toIntExact(layout.length())];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    try (SafetensorsWriter out = SafetensorsWriter.create(file, layout, Map.of())) {
      out.write(values, 0, values.length);
      Digest _ = out.finish(false);
    }
    return file;
  }

  static Step run(
      Aggregator aggregator, List<SealedDelta> deltas, Path base, Path out, List<Integer> exponents)
      throws RoundBroken, IOException {
    try (SafetensorsFile source = SafetensorsFile.open(base);
        SafetensorsWriter writer = SafetensorsWriter.create(out, source.layout(), Map.of())) {
      Step step = aggregator.aggregate(task(source, deltas, exponents, writer));
      Digest _ = writer.finish(false);
      return step;
    }
  }

  static AggregationTask task(
      ParameterSource base,
      List<SealedDelta> deltas,
      List<Integer> exponents,
      SafetensorsWriter out) {
    return new AggregationTask(base, deltas, TERMS, exponents, half(deltas.size()), out);
  }

  private static ServerState half(int sites) {
    Aggregation half = new Aggregation(Rule.FEDAVG, 0.5, 0, 0, 0, 0, Weighting.SAMPLES);
    return new ServerState(ServerRule.of(half), 1, sites, List.of(), List.of());
  }

  private static float[] all(SafetensorsFile file) throws IOException {
    float[] values = new float[Math.toIntExact(file.layout().length())];
    file.read(0, values, 0, values.length);
    return values;
  }

  /**
   * The oracle: sums in BigInteger, the mean to 40 digits, rounded to a double and a float once; at
   * both ends of the tensors and of the vector, and at every 61st coordinate.
   */
  private static void assertExact(
      float[] next, float[] base, SpoolFixture spools, List<Integer> exponents) {
    BigDecimal weights = BigDecimal.valueOf(spools.weightSum());
    for (int i = 0; i < base.length; i += i < 1100 || i > base.length - 70 ? 1 : 61) {
      BigInteger sum = BigInteger.ZERO;
      for (int[] vector : spools.vectors()) {
        sum = sum.add(BigInteger.valueOf(vector[i]));
      }
      double mean = new BigDecimal(sum).divide(weights, new MathContext(40)).doubleValue();
      int scale = TERMS.scaleExponent(exponents.get(i < 700 ? 0 : i < 1000 ? 1 : 2));
      float expected = (float) (base[i] + 0.5 * Math.scalb(mean, -scale));
      assertThat(next[i]).as("coordinate %d", i).isEqualTo(expected);
    }
  }
}
