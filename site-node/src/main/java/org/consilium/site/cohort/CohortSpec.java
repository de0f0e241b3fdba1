package org.consilium.site.cohort;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.consilium.models.data.folder.CaseFolder;
import org.consilium.models.data.folder.MaskFolder;
import org.consilium.models.data.folder.View;
import org.consilium.protocol.Limits;

/**
 * Where the hospital keeps its cases, as written on the command line: the path of a {@code .npz}
 * file, of a folder of pictures with a CSV table, of such a table, of a folder with {@code images/}
 * and {@code labels/}, or {@code synthetic:N}.
 *
 * @param text the specification
 * @param windows folder of the monitoring windows; by default {@code windows} beside the file, or
 *     in the folder
 * @param cutting of pictures with masks; of no other cases
 */
public record CohortSpec(String text, Optional<Path> windows, Cutting cutting) {
  private static final String SYNTHETIC = "synthetic:";

  /** Nothing is cut otherwise than usual. */
  public CohortSpec(String text, Optional<Path> windows) {
    this(text, windows, Cutting.USUAL);
  }

  /**
   * How pictures with masks become tiles.
   *
   * @param view how they are looked at first
   * @param tile edge of the square tiles in pixels, the height and width of the study's model
   * @param channels of the tiles: 1 is grey, 3 is colour
   */
  public record Cutting(View view, int tile, int channels) {
    /** Grey tiles of 64 pixels of the pictures as they are. */
    public static final Cutting USUAL = new Cutting(View.PLAIN, 64, 1);

    public Cutting {
      if (tile < 8 || tile > 1024 || (channels != 1 && channels != 3)) {
        throw new IllegalArgumentException(
            "tile must be 8-1024 and channels 1 or 3, got %d and %d".formatted(tile, channels));
      }
    }
  }

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
    if (!cutting.equals(Cutting.USUAL) && !MaskFolder.isOne(path)) {
      throw new IOException(
          "open cohort %s: invert, shrink, tile and colour are for folders with images/ and labels/"
              .formatted(path.getFileName()));
    }
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
      return MaskCohort.open(folder, cutting);
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
