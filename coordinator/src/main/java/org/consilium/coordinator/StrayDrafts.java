package org.consilium.coordinator;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a process that died left half done in its state folder: copies from the store, models that
 * were not finished, the folder of a replay. Removed before anything is opened, when the state
 * folder is this process's alone; nothing of it has a name that anybody looks for.
 */
final class StrayDrafts {
  private static final Logger LOG = LoggerFactory.getLogger(StrayDrafts.class);

  /** A fetch's, beside any file. */
  private static final String FETCH = "\\.blob-\\d+\\.part";

  /** A replay's own; its number has 64 bits, so that a person's replay-2026 stays. */
  private static final Pattern REPLAY = Pattern.compile("replay-\\d{16,20}");

  private static final List<Room> ROOMS =
      List.of(
          new Room("", 0, "\\.store-id"),
          new Room("keys", 0, ".*\\.aggregation\\.part"),
          new Room("models", 0, "(draft|fetched|whole)-.*|[0-9a-f]{64}\\..*\\.(part|draft)"),
          new Room("foundations", 0, "[0-9a-f]{64}\\.safetensors\\.part"),
          new Room("spool", 2, ".*\\.draft"));

  private StrayDrafts() {}

  /**
   * A folder whose drafts are known.
   *
   * @param depth of folders below it that are looked through too
   */
  private record Room(String folder, int depth, Pattern drafts) {
    Room(String folder, int depth, String drafts) {
      this(folder, depth, Pattern.compile(FETCH + "|" + drafts));
    }
  }

  /** Removes them; what cannot be removed is only logged, for it costs nothing but room. */
  static void remove(Path state) {
    List<Path> stray = new ArrayList<>();
    try {
      for (Room room : ROOMS) {
        find(state.resolve(room.folder()), room.depth(), room.drafts(), stray);
      }
      for (Path folder : inside(state)) {
        if (REPLAY.matcher(name(folder)).matches() && folder(folder)) {
          stray.addAll(inside(folder));
          stray.add(folder);
        }
      }
      for (Path one : stray) {
        Files.deleteIfExists(one);
      }
    } catch (IOException kept) {
      LOG.warn("remove what an earlier process left half done: {}", kept.getMessage());
    }
    if (!stray.isEmpty()) {
      LOG.info("{} files that an earlier process left half done", stray.size());
    }
  }

  private static void find(Path folder, int depth, Pattern drafts, List<Path> stray)
      throws IOException {
    for (Path one : inside(folder)) {
      if (depth > 0 && folder(one)) {
        find(one, depth - 1, drafts, stray);
      } else if (drafts.matcher(name(one)).matches() && !folder(one)) {
        stray.add(one);
      }
    }
  }

  private static List<Path> inside(Path folder) throws IOException {
    List<Path> all = new ArrayList<>();
    if (Files.isDirectory(folder)) {
      try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
        files.forEach(all::add);
      }
    }
    return all;
  }

  private static boolean folder(Path path) {
    return Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS);
  }

  private static String name(Path path) {
    return String.valueOf(path.getFileName());
  }
}
