package org.consilium.coordinator.aggregate;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.consilium.coordinator.aggregate.rule.ServerRule;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.models.params.SafetensorsWriter;
import org.consilium.protocol.Digest;
import org.consilium.security.fixed.FixedTerms;

/** One round of a rule from files to files. */
record RuleRound(Aggregator aggregator, ServerRule rule, int number, int sites) {

  /** Writes {@code next}; returns the files of the moments after it. */
  List<Path> make(
      FixedTerms terms,
      List<Integer> exponents,
      List<SealedDelta> deltas,
      Path base,
      List<Path> moments,
      Path next)
      throws RoundBroken, IOException {
    List<SafetensorsFile> before = new ArrayList<>();
    List<SafetensorsWriter> after = new ArrayList<>();
    List<Path> written = new ArrayList<>();
    try (SafetensorsFile source = SafetensorsFile.open(base);
        SafetensorsWriter out = SafetensorsWriter.create(next, source.layout(), Map.of())) {
      for (Path moment : moments) {
        before.add(SafetensorsFile.open(moment));
      }
      for (int m = 0; m < rule.moments(); m++) {
        written.add(next.resolveSibling("%s.%d".formatted(next.getFileName(), m)));
        after.add(SafetensorsWriter.create(written.get(m), source.layout(), Map.of()));
      }
      List<ParameterSource> read = List.copyOf(before);
      Step _ =
          aggregator.aggregate(
              new AggregationTask(
                  source,
                  deltas,
                  terms,
                  exponents,
                  new ServerState(rule, number, sites, read, after),
                  out));
      Digest _ = out.finish(false);
      for (SafetensorsWriter writer : after) {
        Digest _ = writer.finish(false);
      }
      return written;
    } finally {
      for (SafetensorsFile file : before) {
        file.close();
      }
    }
  }
}
