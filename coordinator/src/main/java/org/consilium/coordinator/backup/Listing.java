package org.consilium.coordinator.backup;

import java.io.IOException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.function.Predicate;

/**
 * The regular files below a folder, links followed. Whatever cannot be listed is refused by name: a
 * backup that left it out would look like a whole one.
 */
final class Listing extends SimpleFileVisitor<Path> {
  private final Path root;
  private final Predicate<String> wanted;
  private final List<Found> found = new ArrayList<>();

  private Listing(Path root, Predicate<String> wanted) {
    this.root = root;
    this.wanted = wanted;
  }

  /**
   * A file that was there.
   *
   * @param path may lead through links
   * @param name its path under the root, with slashes
   */
  record Found(Path path, String name, long bytes) {}

  /**
   * All files below {@code folder}, sorted by name.
   *
   * @param root what names are relative to; {@code folder} or one above it
   * @param wanted which names must not be links that lead nowhere
   * @throws Backup.NotMade if a link leads nowhere or back, or a folder cannot be read
   */
  static List<Found> of(Path root, Path folder, Predicate<String> wanted) throws IOException {
    Listing listing = new Listing(root, wanted);
    Files.walkFileTree(
        folder, EnumSet.of(FileVisitOption.FOLLOW_LINKS), Integer.MAX_VALUE, listing);
    listing.found.sort(Comparator.comparing(Found::name));
    return listing.found;
  }

  @Override
  public FileVisitResult visitFile(Path file, BasicFileAttributes is) throws IOException {
    String name = name(file);
    if (is.isRegularFile()) {
      found.add(new Found(file, name, is.size()));
    } else if (is.isSymbolicLink() && wanted.test(name)) {
      throw new Backup.NotMade("the link %s leads nowhere".formatted(name)); // or it was followed
    }
    return FileVisitResult.CONTINUE;
  }

  @Override
  public FileVisitResult visitFileFailed(Path file, IOException failed) throws IOException {
    if (failed instanceof NoSuchFileException || name(file).equals("lost+found")) {
      // A draft that has got its name since its folder was read; a file system's own folder.
      return FileVisitResult.CONTINUE;
    }
    throw new Backup.NotMade(
        failed instanceof FileSystemLoopException
            ? "the link %s leads back to a folder that it is in".formatted(name(file))
            : "%s cannot be read: %s".formatted(name(file), failed));
  }

  private String name(Path file) {
    return root.relativize(file).toString().replace('\\', '/');
  }
}
