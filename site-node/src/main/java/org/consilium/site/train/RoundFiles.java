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
 * Parameters of a study that stay at this site, one file a round: a round that is trained again
 * after a crash starts from the same values. The last two are kept.
 *
 * @param prefix beginning of the files' names
 */
record RoundFiles(Path folder, String prefix) {
  private static final int KEPT = 2;

  /** The file of the last round before {@code round}. */
  Optional<Path> before(int round) throws IOException {
    return files().stream().filter(file -> number(file) < round).max(Comparator.naturalOrder());
  }

  /** Keeps what a round's training left. */
  void write(ParameterSource left, int round, Map<String, String> metadata) throws IOException {
    Files.createDirectories(folder);
    Path file = folder.resolve(prefix + "%05d.safetensors".formatted(round));
    var _ = SafetensorsWriter.save(file, left, metadata);
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
      return all.filter(
              p -> String.valueOf(p.getFileName()).matches(prefix + "[0-9]{5}\\.safetensors"))
          .sorted()
          .toList();
    }
  }

  private int number(Path file) {
    String name = String.valueOf(file.getFileName());
    return Integer.parseInt(name.substring(prefix.length(), prefix.length() + 5));
  }
}
