package org.consilium.site.upload;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.RoundTask.ModelReference;
import org.consilium.security.keyfile.KeyFile;

/**
 * Models on disk, each named by its digest; only the last few used are kept, and only a few
 * unfinished ones beside them. One thread at a time.
 */
final class ModelCache {
  /**
   * The foundation, the round's, the released one, the one before: enough to resume, little on
   * disk.
   */
  static final int KEPT_MAX = 4;

  /** Unfinished ones that are kept: studies take turns, and each goes on where it stopped. */
  static final int PARTS_MAX = 4;

  /** Whole ones that no other takes the place of: a foundation, and the last version. */
  private static final int SPARED = 2;

  private static final String SUFFIX = ".safetensors";
  private static final String PART = ".part";
  private static final String LIST = ".digests";

  /** End of the name of a file that is being written, to be renamed when it is whole. */
  static final String DRAFT = ".draft";

  private final Path folder;
  private final DiskReserve reserve;

  /** Files whose bytes this process has hashed, as the system described them then. */
  private final Map<Path, Description> known = new HashMap<>();

  ModelCache(Path folder, DiskReserve reserve) {
    this.folder = folder;
    this.reserve = reserve;
  }

  /** In a folder, which is made if it is not there, with the reserve of its disk. */
  static ModelCache open(Path folder) throws IOException {
    KeyFile.createFolder(folder);
    return new ModelCache(folder, DiskReserve.of(folder));
  }

  private record Description(String inode, long bytes, FileTime modified) {
    static Description of(Path file) throws IOException {
      BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class);
      return new Description(String.valueOf(now.fileKey()), now.size(), now.lastModifiedTime());
    }
  }

  /** Whether a file's bytes have the version's digest; read once while nobody writes to it. */
  boolean right(ModelVersion version) throws IOException {
    Path file = file(version);
    boolean right =
        Description.of(file).equals(known.get(file))
            || Digest.sha256(file).equals(version.digest());
    if (!right) {
      known.remove(file);
    }
    return right;
  }

  Path file(ModelVersion version) {
    return folder.resolve(version + SUFFIX);
  }

  Path part(ModelVersion version) {
    return folder.resolve(version + PART);
  }

  /** Digests of the beginnings of an unfinished one. */
  Path list(ModelVersion version) {
    return folder.resolve(version + LIST);
  }

  /**
   * Goes on with an unfinished file or begins it, after others have made room: with it there are no
   * more than {@link #PARTS_MAX}.
   *
   * @throws DiskReserve.NoRoom if the disk's reserve would not be left
   */
  PartialModel begin(ModelReference model) throws IOException {
    makeRoom(model);
    return PartialModel.open(model, part(model.version()), list(model.version()), reserve);
  }

  void removePart(ModelVersion version) throws IOException {
    remove(part(version));
  }

  /** Marks a file, whose bytes are right, as the one used last. */
  void touch(Path file) throws IOException {
    // Order is all that matters: one step after the newest needs no clock.
    FileTime newest = FileTime.fromMillis(0);
    for (Path each : files()) {
      FileTime time = Files.getLastModifiedTime(each);
      newest = time.compareTo(newest) > 0 ? time : newest;
    }
    Files.setLastModifiedTime(file, FileTime.fromMillis(newest.toMillis() + 1));
    known.keySet().removeIf(Files::notExists);
    known.put(file, Description.of(file));
  }

  /** Removes all but the last few files and the last few unfinished ones; {@code current} stays. */
  void trim(Path current) throws IOException {
    touch(current);
    keepLast(files(), KEPT_MAX);
    keepLast(all(PART), PARTS_MAX);
    removeOrphans();
  }

  /**
   * Before a file is begun and not when it is finished: who never finishes one must not fill the
   * disk. Others go only where that gives room enough: unfinished ones first, then models but for
   * the last two, each time the oldest.
   */
  private void makeRoom(ModelReference model) throws IOException {
    Path own = part(model.version());
    List<Path> others = newestFirst(all(PART));
    others.removeIf(own::equals);
    while (others.size() >= PARTS_MAX) {
      remove(others.removeLast());
    }
    removeOrphans();
    long toCome = model.fileBytes() - (Files.exists(own) ? Files.size(own) : 0);
    if (toCome <= 0) {
      return;
    }
    List<Path> spare = new ArrayList<>(newestFirst(files()));
    spare.subList(0, Math.min(SPARED, spare.size())).clear();
    spare.addAll(others);
    long theirs = 0;
    for (Path one : spare) {
      theirs += Files.size(one);
    }
    if (!reserve.holds(toCome - theirs)) {
      throw reserve.noRoom(model, toCome);
    }
    while (!spare.isEmpty() && !reserve.holds(toCome)) {
      remove(spare.removeLast());
    }
  }

  private static void keepLast(List<Path> some, int most) throws IOException {
    List<Path> byAge = newestFirst(some);
    for (Path old : byAge.subList(Math.min(most, byAge.size()), byAge.size())) {
      Files.deleteIfExists(old);
    }
  }

  private static List<Path> newestFirst(List<Path> some) {
    List<Path> byAge = new ArrayList<>(some);
    byAge.sort(Comparator.comparing(ModelCache::modified).reversed());
    return byAge;
  }

  private static void remove(Path part) throws IOException {
    Files.deleteIfExists(part);
    Files.deleteIfExists(part.resolveSibling(stem(part) + LIST));
  }

  /**
   * Removes the digests of unfinished files that are gone, and what a crash left of writing some.
   */
  private void removeOrphans() throws IOException {
    for (Path list : all(LIST)) {
      if (!Files.exists(list.resolveSibling(stem(list) + PART))) {
        Files.deleteIfExists(list);
      }
    }
    for (Path draft : all(DRAFT)) {
      Files.deleteIfExists(draft);
    }
  }

  private static String stem(Path file) {
    String name = file.getFileName().toString();
    return name.substring(0, name.lastIndexOf('.'));
  }

  private List<Path> files() throws IOException {
    return all(SUFFIX);
  }

  private List<Path> all(String suffix) throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.filter(p -> p.toString().endsWith(suffix)).toList();
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
