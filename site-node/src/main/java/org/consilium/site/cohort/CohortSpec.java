package org.consilium.site.cohort;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.consilium.models.data.folder.CaseFolder;
import org.consilium.models.data.folder.MaskFolder;
import org.consilium.protocol.Limits;

/**
 * Where the hospital keeps its cases, as written on the command line: the path of a {@code .npz}
 * file, of a folder of pictures with a CSV table, of such a table, of a folder with {@code images/}
 * and {@code labels/}, or {@code synthetic:N}.
 *
 * @param text the specification
 * @param windows folder of the monitoring windows; by default {@code windows} beside the file, or
 *     in the folder
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
    Path path = Path.of(text).toAbsolutePath();
    if (Files.isDirectory(path)) {
      return openFolder(path);
    }
    if (!Files.isRegularFile(path)) {
      throw new IOException("open cohort: no file or folder " + Path.of(text));
    }
    Path beside = windows.orElseGet(() -> path.resolveSibling("windows"));
    return text.endsWith(".csv") ? FolderCohort.open(path, beside) : NpzCohort.open(path, beside);
  }

  private CohortSource openFolder(Path folder) throws IOException {
    if (MaskFolder.isOne(folder)) {
      return MaskCohort.open(folder);
    }
    Path table =
        CaseFolder.table(folder)
            .orElseThrow(
                () ->
                    new IOException(
                        "open cohort %s: neither index.csv nor labels.csv nor one single CSV, nor"
                                .formatted(folder.getFileName())
                            + " images/ with labels/"));
    return FolderCohort.open(table, windows.orElseGet(() -> folder.resolve("windows")));
  }
}
