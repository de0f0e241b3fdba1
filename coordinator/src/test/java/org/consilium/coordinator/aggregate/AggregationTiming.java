package org.consilium.coordinator.aggregate;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.consilium.coordinator.aggregate.rule.ServerRule;
import org.consilium.models.catalog.Catalogue;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.models.params.SafetensorsWriter;
import org.consilium.protocol.Aggregation;
import org.consilium.protocol.ModelSpec;
import org.consilium.security.fixed.FixedTerms;

/**
 * Measures aggregation at full size; run by hand: {@code AggregationTiming FOLDER SITES PARAMETERS
 * THREADS RUNS}.
 */
final class AggregationTiming {
  private AggregationTiming() {}

  public static void main(String[] args) throws IOException, RoundBroken {
    Path folder = Files.createDirectories(Path.of(args[0]));
    int[] weights = new int[Integer.parseInt(args[1])];
    java.util.Arrays.fill(weights, 7);
    ModelSpec spec = new ModelSpec("synthetic", 1, 8, 8, 1, Long.parseLong(args[2]));
    ParameterLayout layout = Catalogue.require(spec).layout();
    ParameterSource initial = Catalogue.require(spec).initial(1);
    Path base = folder.resolve("base.safetensors");
    try (SafetensorsWriter out = SafetensorsWriter.create(base, layout, Map.of())) {
      float[] block = new float[1 << 18];
      for (long at = 0; at < layout.length(); at += block.length) {
        int length = (int) Math.min(block.length, layout.length() - at);
        initial.read(at, block, 0, length);
        out.write(block, 0, length);
      }
      System.out.println("base " + out.finish(false).brief());
    }
    List<SealedDelta> deltas = new ArrayList<>();
    try (SpoolFixture spools = SpoolFixture.of(folder, layout, weights, 3)) {
      deltas.addAll(spools.deltas());
      spools.vectors().clear();
      for (int run = 0; run < Integer.parseInt(args[4]); run++) {
        measure(folder, base, deltas, Integer.parseInt(args[3]));
      }
    }
  }

  private static void measure(Path folder, Path base, List<SealedDelta> deltas, int threads)
      throws IOException, RoundBroken {
    Path target = folder.resolve("next.safetensors");
    long before = System.nanoTime();
    long aggregated;
    try (SafetensorsFile source = SafetensorsFile.open(base);
        SafetensorsWriter out = SafetensorsWriter.create(target, source.layout(), Map.of())) {
      FixedTerms terms = new FixedTerms(16, deltas.size(), 3);
      List<Integer> exponents = java.util.Collections.nCopies(source.layout().tensors().size(), 3);
      ServerState state =
          new ServerState(
              ServerRule.of(Aggregation.FEDAVG), 1, deltas.size(), List.of(), List.of());
      Step step =
          new FixedPointMean(threads)
              .aggregate(new AggregationTask(source, deltas, terms, exponents, state, out));
      aggregated = System.nanoTime();
      String digest = out.finish(true).brief();
      System.out.printf(
          "%d sites, %d parameters, %d threads: %.2f s, with fsync %.2f s; %s, norm %.3f%n",
          deltas.size(),
          source.layout().length(),
          threads,
          (aggregated - before) / 1e9,
          (System.nanoTime() - before) / 1e9,
          digest,
          step.norm());
    }
  }
}
