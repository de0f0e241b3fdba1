package org.consilium.site.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.SafetensorsWriter;

/**
 * Trained parameters that stay at this site, one file a round: a round that is trained again after
 * a crash starts from the same values. The last two are kept.
 */
record LocalPart(Path folder) {
  private static final String PREFIX = "own-part-";
  private static final int KEPT = 2;

  /** What the training of the last round before {@code round} left. */
  Optional<Path> before(int round) throws IOException {
    return files().stream().filter(file -> number(file) < round).max(Comparator.naturalOrder());
  }

  void write(ParameterSource part, int round) throws IOException {
    Files.createDirectories(folder);
    Path file = folder.resolve(PREFIX + "%05d.safetensors".formatted(round));
    try (SafetensorsWriter writer = SafetensorsWriter.create(file, part.layout(), Map.of())) {
      writer.write(part);
      var _ = writer.finish();
    }
    List<Path> all = files();
    for (Path old : all.subList(0, Math.max(0, all.size() - KEPT))) {
      Files.deleteIfExists(old);
    }
  }

  private List<Path> files() throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> all = Files.list(folder)) {
      return all.filter(p -> p.getFileName().toString().matches(PREFIX + "[0-9]{5}\\.safetensors"))
          .sorted()
          .toList();
    }
  }

  private static int number(Path file) {
    return Integer.parseInt(
        file.getFileName().toString().substring(PREFIX.length(), PREFIX.length() + 5));
  }
}
