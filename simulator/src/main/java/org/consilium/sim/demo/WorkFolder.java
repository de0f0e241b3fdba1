package org.consilium.sim.demo;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import org.consilium.security.keyfile.LockFile;
import org.consilium.sim.process.Removal;

/**
 * The folder {@code OUT/.work} of one run: nobody else's while this is open, and removed only where
 * a run has made it.
 */
final class WorkFolder implements AutoCloseable {
  /** In every work folder from its first moment on. */
  static final String MARKER = ".consilium-work";

  private static final String LOCK = ".lock";

  private final Path folder;
  private final FileChannel lock;
  private final boolean kept;

  private WorkFolder(Path folder, FileChannel lock, boolean kept) {
    this.folder = folder;
    this.lock = lock;
    this.kept = kept;
  }

  /** Where the work folder of an output folder is. */
  static Path of(Path out) {
    return out.toAbsolutePath().resolve(".work");
  }

  /**
   * Makes an empty work folder; one that an earlier run left is removed.
   *
   * @param out the output folder; made if it is not there
   * @param kept whether the work folder stays when this is closed
   * @throws IOException if another run works there, or what is there was made by none
   */
  static WorkFolder take(Path out, boolean kept) throws IOException {
    Files.createDirectories(out);
    FileChannel lock = lock(out);
    try {
      Path folder = of(out);
      if (Files.exists(folder, LinkOption.NOFOLLOW_LINKS)
          && !Files.isRegularFile(folder.resolve(MARKER))) {
        throw new IOException(
            "no demo of this version has made %s: move it away, or name another folder with --out"
                .formatted(folder));
      }
      Removal.of(folder);
      Files.createDirectories(folder);
      Files.writeString(folder.resolve(MARKER), "made by consilium demo, which may remove it\n");
      return new WorkFolder(folder, lock, kept);
    } catch (IOException | RuntimeException failed) {
      lock.close();
      throw failed;
    }
  }

  private static FileChannel lock(Path out) throws IOException {
    return LockFile.take(out.resolve(LOCK))
        .orElseThrow(
            () ->
                new IOException(
                    "another demo runs in %s: wait until it has ended, or name another folder with --out"
                        .formatted(out)));
  }

  /** Lets others in. */
  @Override
  public void close() throws IOException {
    try (lock) {
      if (!kept) {
        Removal.of(folder);
      }
    }
  }
}
