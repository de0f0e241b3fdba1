package org.consilium.coordinator.aggregate;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.models.params.SafetensorsWriter;
import org.consilium.models.params.TensorSpec;
import org.junit.jupiter.api.Test;

final class FixedPointMeanTest extends AggregatorContract {
  @Override
  Aggregator aggregator(int threads) {
    return new FixedPointMean(threads);
  }

  @Test
  void aggregate_buffersOfAllThreadsBeyondTheirBound_fewerThreadsAndTheSameStep() throws Exception {
    ParameterLayout layout = ParameterLayout.of(List.of(TensorSpec.of("a", 1000, 700)));
    List<Integer> exponents = List.of(3);
    try (SpoolFixture spools = SpoolFixture.of(folder, layout, new int[] {3, 16}, 5L)) {
      Path base = base(layout);
      Path out = folder.resolve("out.safetensors");
      try (SafetensorsFile source = SafetensorsFile.open(base);
          SafetensorsWriter writer = SafetensorsWriter.create(out, layout, Map.of())) {
        AggregationTask task = task(source, spools.deltas(), exponents, writer);
        long one = task.threadBytes(2);

        // Twice 4 bytes a value to open, 4 + 8 to sum, 4 + 8 to step, twice 4 for results.
        assertThat(one).isEqualTo((1L << 18) * (8 + 12 + 12 + 8));
        assertThat(new FixedPointMean(8, 0).threads(task)).isEqualTo(1);
        assertThat(new FixedPointMean(8, 3 * one).threads(task)).isEqualTo(3);
        assertThat(new FixedPointMean(8, 100 * one).threads(task)).isEqualTo(8);
      }
      Step narrow = run(new FixedPointMean(8, 0), spools.deltas(), base, out, exponents);

      assertThat(narrow).isEqualTo(run(aggregator(8), spools.deltas(), base, out, exponents));
    }
  }
}
