package org.consilium.site.upload;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.consilium.protocol.ModelVersion;

/** Models on disk, each named by its digest; only the last few used are kept. */
record ModelCache(Path folder) {
  /**
   * The foundation, the round's, the released one, the one before: enough to resume, little on
   * disk.
   */
  static final int KEPT_MAX = 4;

  private static final String SUFFIX = ".safetensors";

  Path file(ModelVersion version) {
    return folder.resolve(version + SUFFIX);
  }

  Path part(ModelVersion version) {
    return folder.resolve(version + ".part");
  }

  /** Marks a file as the one used last. */
  void touch(Path file) throws IOException {
    // Order is all that matters: one step after the newest needs no clock.
    FileTime newest = FileTime.fromMillis(0);
    for (Path each : files()) {
      FileTime time = Files.getLastModifiedTime(each);
      newest = time.compareTo(newest) > 0 ? time : newest;
    }
    Files.setLastModifiedTime(file, FileTime.fromMillis(newest.toMillis() + 1));
  }

  /** Removes all but the last few files and every other unfinished part; {@code current} stays. */
  void trim(Path current) throws IOException {
    touch(current);
    List<Path> byAge = new ArrayList<>(files());
    byAge.sort(Comparator.comparing(ModelCache::modified).reversed());
    for (Path old : byAge.subList(Math.min(KEPT_MAX, byAge.size()), byAge.size())) {
      Files.deleteIfExists(old);
    }
    try (Stream<Path> all = Files.list(folder)) {
      for (Path part : all.filter(p -> p.toString().endsWith(".part")).toList()) {
        Files.deleteIfExists(part);
      }
    }
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.filter(p -> p.toString().endsWith(SUFFIX)).toList();
    }
  }

  private static FileTime modified(Path file) {
    try {
      return Files.getLastModifiedTime(file);
    } catch (IOException gone) {
      return FileTime.fromMillis(0);
    }
  }
}
