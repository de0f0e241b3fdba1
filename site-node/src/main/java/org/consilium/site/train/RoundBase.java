package org.consilium.site.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.consilium.security.keyfile.DurableFolder;

/**
 * The shared parameters that this site's last round began with, kept until the next: what a
 * personal model is pulled towards, also after a restart in between.
 */
record RoundBase(Path folder) {
  private static final String PREFIX = "round-base-";

  /** Keeps the file of a round, and drops those of others. */
  void keep(Path base, int round) throws IOException {
    Path file = file(round);
    if (!Files.exists(file)) {
      Files.createDirectories(folder);
      Path draft = folder.resolve("." + file.getFileName() + ".new");
      Files.copy(base, draft, StandardCopyOption.REPLACE_EXISTING);
      DurableFolder.forceFile(draft);
      Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
      DurableFolder.force(folder);
    }
    for (Path other : files()) {
      if (!other.equals(file)) {
        Files.deleteIfExists(other);
      }
    }
  }

  /** The file of a round, unless this site did not train in it. */
  Optional<Path> of(int round) {
    return Optional.of(file(round)).filter(Files::exists);
  }

  private Path file(int round) {
    return folder.resolve(PREFIX + "%05d.safetensors".formatted(round));
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.filter(p -> String.valueOf(p.getFileName()).startsWith(PREFIX)).toList();
    }
  }
}
