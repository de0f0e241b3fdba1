package org.consilium.site.cohort;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.NpzFile;
import org.consilium.models.data.Split;

/**
 * Recent cases: a folder with one file {@code window-0001.npz} and so on for each monitoring
 * window.
 */
record Windows(Path folder) {
  Optional<ImageSet> read(int number) throws IOException {
    Path file = folder.resolve("window-%04d.npz".formatted(number));
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    return Optional.of(split(file, Split.VALIDATION));
  }

  /** One split of a file, which must be there and have a case. */
  static ImageSet split(Path file, Split split) throws IOException {
    ImageSet set =
        NpzFile.read(file, split, NpzFile.Bounds.DEFAULT)
            .orElseThrow(
                () ->
                    new IOException(
                        "open cohort %s: it has no %s_images"
                            .formatted(file.getFileName(), split.key())));
    if (set.count() == 0) {
      throw new IOException(
          "open cohort %s: %s_images has 0 images".formatted(file.getFileName(), split.key()));
    }
    return set;
  }
}
