package org.consilium.models.data.folder;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A folder that no path from a table leads out of: neither by {@code ..}, nor absolute, nor by a
 * link.
 */
final class Inside {
  private static final int PATH_CHARS_MAX = 1_024;

  private final Path root;
  private final Path real;

  private Inside(Path root, Path real) {
    this.root = root;
    this.real = real;
  }

  static Inside of(Path root) throws IOException {
    if (!Files.isDirectory(root)) {
      throw new IOException("read folder: no folder " + root);
    }
    return new Inside(root, root.toRealPath());
  }

  /** A file or the reason why a table must not name it. */
  record Found(Optional<Path> file, String why) {
    private static Found refused(String why) {
      return new Found(Optional.empty(), why);
    }
  }

  Found find(String text) throws IOException {
    if (text.isEmpty() || text.length() > PATH_CHARS_MAX) {
      return Found.refused(
          "path must have 1-%d characters, has %d".formatted(PATH_CHARS_MAX, text.length()));
    }
    if (text.chars().anyMatch(c -> c < 0x20 || c == '\\' || c == ':')) {
      return Found.refused("path has a backslash, colon or control character");
    }
    Path relative;
    try {
      relative = Path.of(text);
    } catch (InvalidPathException illegal) {
      return Found.refused("path is not one");
    }
    if (relative.isAbsolute() || text.startsWith("/")) {
      return Found.refused("path must be relative to the folder");
    }
    for (Path part : relative) {
      if (part.toString().equals("..") || part.toString().equals(".")) {
        return Found.refused("path must not have . or ..");
      }
    }
    Path file = root.resolve(relative);
    if (!Files.exists(file)) {
      return Found.refused("no such file");
    }
    Path followed = file.toRealPath();
    if (!followed.startsWith(real)) {
      return Found.refused("path leads out of the folder by a link");
    }
    if (!Files.isRegularFile(followed, LinkOption.NOFOLLOW_LINKS)) {
      return Found.refused("not a regular file");
    }
    return new Found(Optional.of(followed), "");
  }
}
