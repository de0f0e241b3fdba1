package org.consilium.site.cohort;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.consilium.protocol.Limits;

/**
 * Where the hospital keeps its cases, as written on the command line: the path of a {@code .npz}
 * file, or {@code synthetic:N}.
 *
 * @param text the specification
 * @param windows folder of the monitoring windows; by default {@code windows} beside the file
 */
public record CohortSpec(String text, Optional<Path> windows) {
  private static final String SYNTHETIC = "synthetic:";

  /**
   * Opens the cases.
   *
   * @throws IOException if they cannot be read or are not in the layout; names the file and numbers
   */
  public CohortSource open() throws IOException {
    if (text.startsWith(SYNTHETIC)) {
      try {
        return new SyntheticCohort(Integer.parseInt(text.substring(SYNTHETIC.length())));
      } catch (IllegalArgumentException notCount) {
        throw new IOException(
            "open cohort: synthetic:N needs N in 1-1000000, got " + Limits.printable(text),
            notCount);
      }
    }
    Path file = Path.of(text);
    if (!Files.isRegularFile(file)) {
      throw new IOException("open cohort: no file " + file);
    }
    return NpzCohort.open(
        file, windows.orElseGet(() -> file.toAbsolutePath().resolveSibling("windows")));
  }
}
