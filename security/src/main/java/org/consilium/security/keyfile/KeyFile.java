package org.consilium.security.keyfile;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/**
 * A small file that only its owner may read. It appears whole or not at all: written beside its
 * place with mode 0600, forced to disk, then moved. On a file system without POSIX modes the modes
 * are neither set nor checked.
 */
public final class KeyFile {
  private static final Set<PosixFilePermission> OWNER_ONLY =
      Set.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);
  private static final Set<PosixFilePermission> FOLDER_OWNER_ONLY =
      PosixFilePermissions.fromString("rwx------");

  private KeyFile() {}

  /** Writes a new file with mode 0600; an existing file is kept and refused. */
  public static void create(Path file, byte[] content) throws IOException {
    if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
      throw new FileAlreadyExistsException(
          file.toString(), null, "a key file is never overwritten; move it away first");
    }
    replace(file, content);
  }

  /** Writes the file with mode 0600, atomically in place of an older one. */
  public static void replace(Path file, byte[] content) throws IOException {
    Path folder = file.toAbsolutePath().getParent();
    if (folder == null) {
      throw new IOException("write " + file + ": not a file in a folder");
    }
    Path _ = DurableFolder.createNamed(folder, modes(folder, FOLDER_OWNER_ONLY));
    Path name = file.getFileName();
    Path draft = folder.resolve("." + name + ".new");
    Files.deleteIfExists(draft);
    try (FileChannel channel =
        FileChannel.open(
            draft,
            Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
            modes(draft, OWNER_ONLY))) {
      ByteBuffer bytes = ByteBuffer.wrap(content);
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(true);
    }
    Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    DurableFolder.force(folder);
  }

  /**
   * The file's bytes.
   *
   * @throws IOException if others may read it, or it is longer than {@code bytesMax}
   */
  public static byte[] read(Path file, int bytesMax) throws IOException {
    if (posix(file)) {
      Set<PosixFilePermission> modes = Files.getPosixFilePermissions(file);
      for (PosixFilePermission mode : modes) {
        if (!OWNER_ONLY.contains(mode)) {
          throw new IOException(
              "read key file %s: mode is %s, only rw------- or less is accepted (chmod 600)"
                  .formatted(file, PosixFilePermissions.toString(modes)));
        }
      }
    }
    try (var in = Files.newInputStream(file)) {
      byte[] content = in.readNBytes(bytesMax + 1);
      if (content.length > bytesMax) {
        throw new IOException("read key file %s: over %d bytes".formatted(file, bytesMax));
      }
      return content;
    }
  }

  /**
   * The bytes of a file that this node wrote and now builds on: on the disk when this returns, name
   * and all. It may have its name and no force that went well, when the last step of writing it
   * failed or its process was killed before it. (A name is in the file system's own journal and is
   * forced by a later force; bytes that a force has lost are not, and are written anew.)
   *
   * @throws IOException as {@link #read} does, or if its name cannot be forced
   */
  public static byte[] readDurable(Path file, int bytesMax) throws IOException {
    byte[] content = read(file, bytesMax);
    DurableFolder.force(file.resolveSibling(".").normalize());
    return content;
  }

  /** Creates the folder, mode 0700, unless it is there; see {@link DurableFolder#create}. */
  public static void createFolder(Path folder) throws IOException {
    Path _ = DurableFolder.create(folder, modes(folder, FOLDER_OWNER_ONLY));
  }

  private static boolean posix(Path path) {
    return path.getFileSystem().supportedFileAttributeViews().contains("posix");
  }

  private static FileAttribute<?>[] modes(Path path, Set<PosixFilePermission> modes) {
    return posix(path)
        ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(modes)}
        : new FileAttribute<?>[0];
  }
}
