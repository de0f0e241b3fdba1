package org.consilium.coordinator.aggregate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.consilium.coordinator.aggregate.robust.Combined;
import org.consilium.coordinator.aggregate.robust.Handling;
import org.consilium.coordinator.aggregate.robust.RobustRule;
import org.consilium.coordinator.aggregate.robust.RobustRule.ByCoordinate;
import org.consilium.coordinator.aggregate.rule.ServerRule;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.models.params.SafetensorsWriter;
import org.consilium.models.params.TensorSpec;
import org.consilium.protocol.Aggregation;
import org.consilium.protocol.Digest;
import org.consilium.security.fixed.FixedTerms;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The robust rules over real sealed spools, against the pure functions on whole vectors. */
final class RobustAggregationTest {
  private static final FixedTerms TERMS = new FixedTerms(16, 8, 3);
  private static final int[] WEIGHTS = {3, 16, 1, 7, 5, 9, 2};
  private static final int[] SAME = {1, 1, 1, 1, 1, 1, 1};

  @TempDir Path folder;

  static List<RobustRule> rules() {
    return List.of(
        RobustRule.normClip(1, 2),
        RobustRule.median(2),
        RobustRule.trimmedMean(0.29, 2),
        RobustRule.krum(2),
        RobustRule.multiKrum(1, 4),
        RobustRule.geometricMedian(1));
  }

  @ParameterizedTest
  @MethodSource("rules")
  void aggregate_ruleOverTwoBlocks_equalsItsPureFunction(RobustRule rule) throws Exception {
    ParameterLayout layout =
        ParameterLayout.of(List.of(TensorSpec.of("a", 1000, 300), TensorSpec.of("b", 3)));
    int[] weights = rule instanceof ByCoordinate ? SAME : WEIGHTS;
    try (SpoolFixture spools = SpoolFixture.of(folder, layout, weights, 23L)) {
      Path base = base(layout);
      Made made = run(rule, 2, spools.deltas(), TERMS, base);

      Combined expected =
          Combined.of(rule, deltas(spools, weights), round(weights), (int) layout.length());
      float[] was = all(base);
      assertThat(made.values()).hasSameSizeAs(was);
      for (int i = 0; i < was.length; i++) {
        assertThat((double) made.values()[i])
            .as("coordinate %d", i)
            .isCloseTo(was[i] + expected.value()[i], within(1e-6));
      }
      assertThat(made.step().handlings()).hasSize(weights.length);
      int site = 0;
      for (Handling handling : made.step().handlings().values()) {
        Handling pure = expected.handlings().get(site++);
        assertThat(handling.what()).isEqualTo(pure.what());
        if (handling.measure() != Handling.Measure.NORM) { // the fixture's norms have another unit
          assertThat(handling.value()).isCloseTo(pure.value(), within(1e-9 * pure.value() + 1e-12));
        }
      }
      assertThat(made.step().weightSum()).isEqualTo(spools.weightSum());
    }
  }

  @ParameterizedTest
  @MethodSource("rules")
  void aggregate_anyOrderAndThreads_sameBytesAndHandlings(RobustRule rule) throws Exception {
    ParameterLayout layout = ParameterLayout.of(List.of(TensorSpec.of("a", 1000, 700)));
    Set<Digest> digests = new HashSet<>();
    Set<Step> steps = new HashSet<>();
    int[] weights = rule instanceof ByCoordinate ? SAME : WEIGHTS;
    try (SpoolFixture spools = SpoolFixture.of(folder, layout, weights, 29L)) {
      Path base = base(layout);
      for (int threads = 1; threads <= 3; threads++) {
        List<SealedDelta> order = new ArrayList<>(spools.deltas());
        Collections.rotate(order, 2 * threads);
        Made made = run(rule, threads, order, TERMS, base);
        digests.add(made.digest());
        steps.add(made.step());
      }
    }

    assertThat(digests).hasSize(1);
    assertThat(steps).hasSize(1);
  }

  /** The reference vectors, quantised and sealed: right to what fixed point and float32 keep. */
  @Tag("vectors")
  @TestFactory
  Stream<DynamicTest> aggregate_ofReferenceCases_matches() throws IOException {
    JsonNode cases = FederatedVectors.read("robust.json").get("cases");
    assertThat(cases.size()).isPositive();
    return StreamSupport.stream(cases.spliterator(), false)
        .map(c -> DynamicTest.dynamicTest(c.get("case").asText(), () -> reference(c)));
  }

  private void reference(JsonNode c) throws Exception {
    List<double[]> vectors = new ArrayList<>();
    c.get("vectors").forEach(v -> vectors.add(FederatedVectors.doubles(v)));
    int checked = 0;
    for (Map.Entry<String, JsonNode> entry : c.properties()) {
      JsonNode e = entry.getValue();
      switch (entry.getKey()) {
        case "coordinate_median" -> check(RobustRule.median(1), vectors, same(vectors), e);
        case "trimmed_mean" ->
            check(
                RobustRule.trimmedMean(e.get("trim_fraction").doubleValue(), 1),
                vectors,
                same(vectors),
                e.get("value"));
        case "krum" ->
            check(RobustRule.krum(e.get("f").intValue()), vectors, same(vectors), e.get("value"));
        case "multi_krum" ->
            check(
                RobustRule.multiKrum(e.get("f").intValue(), e.get("m").intValue()),
                vectors,
                same(vectors),
                e.get("value"));
        case "geometric_median" ->
            check(RobustRule.geometricMedian(1), vectors, same(vectors), e.get("value"));
        case "weighted_geometric_median" ->
            check(
                RobustRule.geometricMedian(1),
                vectors,
                FederatedVectors.ints(e.get("weights")),
                e.get("value"));
        case "case", "vectors", "mean", "weighted_mean" -> checked--;
        default -> throw new AssertionError("not known: " + entry.getKey());
      }
      checked++;
    }
    assertThat(checked).isPositive();
  }

  private void check(RobustRule rule, List<double[]> vectors, int[] weights, JsonNode value)
      throws Exception {
    double most = vectors.stream().flatMapToDouble(Arrays::stream).map(Math::abs).max().orElse(1);
    int weightMax = Arrays.stream(weights).max().orElseThrow();
    int exponent = Math.getExponent(most) + 1;
    FixedTerms terms = new FixedTerms(weightMax, vectors.size(), exponent);
    int scale = terms.scaleExponent(exponent);
    int length = vectors.getFirst().length;
    ParameterLayout layout = ParameterLayout.of(List.of(TensorSpec.of("a", length)));
    List<int[]> quantised = new ArrayList<>();
    for (int site = 0; site < weights.length; site++) {
      int weight = weights[site];
      quantised.add(
          Arrays.stream(vectors.get(site))
              .mapToInt(v -> weight * (int) Math.rint(Math.scalb(v, scale)))
              .toArray());
    }
    try (SpoolFixture spools = SpoolFixture.of(folder, layout, weights, quantised)) {
      Made made = run(rule, 2, spools.deltas(), terms, zero(layout));

      double[] expected = FederatedVectors.doubles(value);
      double tolerance = 4 * Math.scalb(1.0, -scale) + most * 0x1p-23;
      for (int i = 0; i < length; i++) {
        assertThat((double) made.values()[i])
            .as("%s, coordinate %d", rule.word(), i)
            .isCloseTo(expected[i], within(tolerance));
      }
    }
  }

  private static int[] same(List<double[]> vectors) {
    int[] weights = new int[vectors.size()];
    Arrays.fill(weights, 1);
    return weights;
  }

  private static List<double[]> deltas(SpoolFixture spools, int[] weights) {
    double unit = Math.scalb(1.0, -TERMS.scaleExponent(3));
    List<double[]> deltas = new ArrayList<>();
    for (int site = 0; site < weights.length; site++) {
      int[] vector = spools.vectors().get(site);
      double weight = weights[site];
      deltas.add(
          Arrays.stream(vector)
              .limit(vector.length - 2)
              .mapToDouble(v -> v / weight * unit)
              .toArray());
    }
    return deltas;
  }

  private static RobustRule.Round round(int[] weights) {
    return new RobustRule.Round(Arrays.stream(weights).boxed().toList());
  }

  @SuppressWarnings("ArrayRecordComponent") // of a test, never compared
  private record Made(Step step, float[] values, Digest digest) {}

  private Made run(
      RobustRule rule, int threads, List<SealedDelta> deltas, FixedTerms terms, Path base)
      throws RoundBroken, IOException {
    Path out = folder.resolve("out.safetensors");
    try (SafetensorsFile source = SafetensorsFile.open(base);
        SafetensorsWriter writer = SafetensorsWriter.create(out, source.layout(), Map.of())) {
      List<Integer> exponents =
          Collections.nCopies(source.layout().tensors().size(), terms.rangeExponent());
      ServerState state =
          new ServerState(
              ServerRule.of(Aggregation.FEDAVG), 1, deltas.size(), List.of(), List.of());
      Step step =
          new FixedPointMean(threads)
              .aggregate(
                  new AggregationTask(
                      source,
                      deltas,
                      terms,
                      exponents,
                      state,
                      Optional.empty(),
                      Optional.of(rule),
                      Optional.empty(),
                      writer));
      Digest _ = writer.finish(false);
      return new Made(step, all(out), Digest.sha256(Files.readAllBytes(out)));
    }
  }

  private Path base(ParameterLayout layout) throws IOException {
    float[] values = new float[Math.toIntExact(layout.length())];
    SplittableRandom random = new SplittableRandom(7);
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return write(layout, values);
  }

  private Path zero(ParameterLayout layout) throws IOException {
    return write(layout, new float[Math.toIntExact(layout.length())]);
  }

  private Path write(ParameterLayout layout, float[] values) throws IOException {
    Path file = folder.resolve("base.safetensors");
    try (SafetensorsWriter out = SafetensorsWriter.create(file, layout, Map.of())) {
      out.write(values, 0, values.length);
      Digest _ = out.finish(false);
    }
    return file;
  }

  private static float[] all(Path path) throws IOException {
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      float[] values = new float[Math.toIntExact(file.layout().length())];
      file.read(0, values, 0, values.length);
      return values;
    }
  }
}
