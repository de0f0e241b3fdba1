package org.consilium.coordinator.blob;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** Files that are written under a name that no key can have, and then take their place. */
final class Drafts {
  private Drafts() {}

  /** A new, empty file in the folder of {@code file}, readable by its owner alone. */
  static Path beside(Path file) throws IOException {
    Path folder = Files.createDirectories(file.toAbsolutePath().resolveSibling("."));
    return Files.createTempFile(folder.normalize(), ".blob-", ".part");
  }

  /**
   * Fills a draft, which keeps its mode, and forces it to the disk.
   *
   * @return bytes that came
   */
  static long fill(Path draft, InputStream in) throws IOException {
    try (FileChannel out = FileChannel.open(draft, StandardOpenOption.WRITE)) {
      long bytes = in.transferTo(Channels.newOutputStream(out));
      out.force(true);
      return bytes;
    }
  }

  /** Gives a finished draft its name. */
  static void place(Path draft, Path file) throws IOException {
    Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }
}
