package org.consilium.security.keyfile;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;

/**
 * Folders whose names are on the disk. A file that was forced is lost all the same when the power
 * goes before the name of its folder, or of one above, was.
 */
public final class DurableFolder {
  private DurableFolder() {}

  /**
   * Makes a folder and those above that are missing, and forces each new name to the disk.
   *
   * @return the folder
   */
  public static Path create(Path folder) throws IOException {
    return create(folder, new FileAttribute<?>[0]);
  }

  /** The same with the modes of the last folder; those above have the usual ones. */
  static Path create(Path folder, FileAttribute<?>[] modes) throws IOException {
    if (Files.isDirectory(folder)) {
      return folder;
    }
    Path parent = folder.toAbsolutePath().getParent();
    if (parent == null) {
      throw new IOException("make folder %s: it has no folder above".formatted(folder));
    }
    Path _ = create(parent);
    if (modes.length == 0) {
      Path _ = Files.createDirectories(folder); // another thread may be as far
    } else {
      Path _ = Files.createDirectory(folder, modes);
    }
    try {
      force(parent);
    } catch (IOException lost) {
      Files.deleteIfExists(folder); // or the next call would take it for durable
      throw lost;
    }
    return folder;
  }

  /** Forces the names in a folder and in those above it, up to {@code root}; both normal paths. */
  public static void force(Path folder, Path root) throws IOException {
    for (Path one = folder; one.startsWith(root); one = one.resolve("..").normalize()) {
      force(one);
    }
  }

  /** Forces a file's bytes to the disk; its name is its folder's matter. */
  public static void forceFile(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.force(true);
    }
  }

  /** Forces the names in a folder to the disk; nothing where a folder cannot be opened. */
  public static void force(Path folder) throws IOException {
    if (folder.getFileSystem().supportedFileAttributeViews().contains("posix")) {
      try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
        channel.force(true);
      }
    }
  }
}
