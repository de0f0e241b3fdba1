package org.consilium.security.keyfile;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Folders whose names are on the disk. A file that was forced is lost all the same when the power
 * goes before the name of its folder, or of one above, was.
 */
public final class DurableFolder {
  private DurableFolder() {}

  /**
   * Makes a folder and those above that are missing, and forces its name and the names in it to the
   * disk, also those of a folder that was there: a process that was killed may have made them and
   * not have forced them, and what this one finds it will build on.
   *
   * @return the folder
   */
  public static Path create(Path folder) throws IOException {
    return create(folder, new FileAttribute<?>[0]);
  }

  /** The same with the modes of the last folder; those above have the usual ones. */
  static Path create(Path folder, FileAttribute<?>[] modes) throws IOException {
    Path _ = createNamed(folder, modes);
    forceFound(folder);
    return folder;
  }

  /** The same, but of the names in it nothing is said. */
  static Path createNamed(Path folder, FileAttribute<?>[] modes) throws IOException {
    Path parent = folder.toAbsolutePath().getParent();
    if (Files.isDirectory(folder)) {
      forceFound(parent);
      return folder;
    }
    if (parent == null) {
      throw new IOException("make folder %s: it has no folder above".formatted(folder));
    }
    Path _ = createNamed(parent, new FileAttribute<?>[0]);
    if (modes.length == 0) {
      Path _ = Files.createDirectories(folder); // another thread may be as far
    } else {
      Path _ = Files.createDirectory(folder, modes);
    }
    try {
      force(parent);
    } catch (IOException lost) {
      Files.deleteIfExists(folder); // a second force may lie about what the first one lost
      throw lost;
    }
    return folder;
  }

  /**
   * Forces the names in a folder and in those above it, up to {@code root}.
   *
   * @throws IllegalArgumentException if the folder is not in {@code root}
   */
  public static void force(Path folder, Path root) throws IOException {
    Path last = root.toAbsolutePath().normalize();
    Path one = folder.toAbsolutePath().normalize();
    if (!one.startsWith(last)) {
      throw new IllegalArgumentException("force %s: it is not in %s".formatted(folder, root));
    }
    while (!one.equals(last)) {
      force(one);
      one = one.resolveSibling(".").normalize();
    }
    force(last);
  }

  /**
   * Forces the names of all that a process before this one left in a folder, so many levels deep.
   * Links below it are not followed, and what this process may not look into or write is not its
   * own and is passed over.
   */
  public static void settle(Path root, int levels) throws IOException {
    var _ =
        Files.walkFileTree(
            root.toRealPath(),
            Set.of(),
            levels + 1,
            new SimpleFileVisitor<>() {
              @Override
              public FileVisitResult preVisitDirectory(Path one, BasicFileAttributes attributes)
                  throws IOException {
                forceFound(one);
                return FileVisitResult.CONTINUE;
              }

              @Override
              public FileVisitResult visitFileFailed(Path one, IOException failed) {
                return FileVisitResult.CONTINUE;
              }
            });
  }

  /** Forces a file's bytes to the disk; its name is its folder's matter. */
  public static void forceFile(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.force(true);
    }
  }

  /** Forces the names in a folder that was there, if a process like this one made any of them. */
  private static void forceFound(@Nullable Path folder) throws IOException {
    if (folder == null || !Files.isWritable(folder)) {
      return; // also a read-only file system, which may know no force of folders
    }
    try {
      force(folder);
    } catch (AccessDeniedException | NoSuchFileException _) {
      // Whoever may not read a folder could not have forced a name that it made there.
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
