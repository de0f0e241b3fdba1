package org.consilium.coordinator.backup;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.DigestInputStream;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import org.consilium.protocol.Digest;
import org.consilium.security.keyfile.KeyFile;

/** Makes a state folder of a backup: whole, or not at all. */
public final class Restore {
  private static final int CONTENTS_BYTES_MAX = 64 << 20;
  private static final int NAME_CHARS_MAX = 4096;
  private static final JsonFactory JSON = new JsonFactory();

  private Restore() {}

  /**
   * What was made.
   *
   * @param time of the backup
   */
  public record Made(Instant time, int files, long bytes) {}

  /** The file is no backup, or not a whole one. */
  public static final class Refused extends Exception {
    private static final long serialVersionUID = 1L;

    Refused(String message) {
      super(message);
    }
  }

  /** What a file must be. */
  private record Part(long bytes, String sha256) {}

  private record Contents(Instant time, Map<String, Part> parts) {}

  /**
   * Makes {@code state} of {@code backup}; every byte is compared before the folder has its name.
   *
   * @param state a folder that is not there, or empty
   * @throws Refused if the backup is not whole, or the folder holds something
   */
  public static Made into(Path backup, Path state) throws Refused, IOException {
    Path target = state.toAbsolutePath().normalize();
    if (Files.exists(target) && !empty(target)) {
      throw new Refused("%s is not empty: a backup is restored into a new folder".formatted(state));
    }
    Path draft = target.resolveSibling(target.getFileName() + ".restoring");
    remove(draft);
    KeyFile.createFolder(draft);
    try (ZipFile zip = new ZipFile(backup.toFile())) {
      Contents contents = contents(zip);
      long bytes = 0;
      for (Map.Entry<String, Part> part : contents.parts().entrySet()) {
        write(zip, part.getKey(), part.getValue(), draft);
        bytes += part.getValue().bytes();
      }
      Files.writeString(
          draft.resolve("restored"), "from the backup of %s%n".formatted(contents.time()));
      Files.deleteIfExists(target);
      Files.move(draft, target, StandardCopyOption.ATOMIC_MOVE);
      return new Made(contents.time(), contents.parts().size(), bytes);
    } catch (ZipException damaged) {
      throw new Refused("%s is no backup: %s".formatted(backup, damaged.getMessage()));
    } finally {
      remove(draft);
    }
  }

  private static void write(ZipFile zip, String name, Part part, Path folder)
      throws Refused, IOException {
    ZipEntry entry = zip.getEntry(name);
    if (entry == null) {
      throw new Refused("%s is missing in the backup".formatted(name));
    }
    Path file = folder.resolve(name);
    for (Path above = folder; !above.equals(file.resolveSibling(".").normalize()); ) {
      above = above.resolve(above.relativize(file).getName(0));
      KeyFile.createFolder(above);
    }
    KeyFile.create(file, new byte[0]); // readable by its owner alone, before anything is in it
    var sha = Digest.newSha256();
    try (InputStream in = new DigestInputStream(zip.getInputStream(entry), sha);
        FileChannel out = FileChannel.open(file, StandardOpenOption.WRITE)) {
      long bytes = in.transferTo(java.nio.channels.Channels.newOutputStream(out));
      String found = Digest.of(sha.digest()).hex();
      if (bytes != part.bytes() || !found.equals(part.sha256())) {
        throw new Refused(
            "%s was changed in the backup: %d bytes %s, expected %d bytes %s"
                .formatted(name, bytes, found, part.bytes(), part.sha256()));
      }
      out.force(true);
    }
  }

  private static Contents contents(ZipFile zip) throws Refused, IOException {
    ZipEntry entry = zip.getEntry(Backup.CONTENTS);
    if (entry == null || entry.getSize() > CONTENTS_BYTES_MAX) {
      throw new Refused("the backup is not whole: it has no list of what it holds");
    }
    Map<String, Part> parts = new TreeMap<>();
    Instant time = Instant.EPOCH;
    int format = 0;
    try (JsonParser json = JSON.createParser(zip.getInputStream(entry))) {
      for (JsonToken next = json.nextToken(); next != null; next = json.nextToken()) {
        if (next != JsonToken.FIELD_NAME) {
          continue;
        }
        switch (json.currentName()) {
          case "format" -> format = json.nextIntValue(0);
          case "time" -> time = Instant.parse(String.valueOf(json.nextTextValue()));
          case "name" -> part(json, parts);
          default -> {}
        }
      }
    } catch (com.fasterxml.jackson.core.JsonProcessingException | DateTimeException damaged) {
      throw new Refused("the backup's list of what it holds is damaged");
    }
    if (format != Backup.FORMAT) {
      throw new Refused(
          "the backup has format %d, this program reads %d".formatted(format, Backup.FORMAT));
    }
    return new Contents(time, parts);
  }

  /** Reads name, bytes and digest, in the order that they are written in. */
  private static void part(JsonParser json, Map<String, Part> parts) throws Refused, IOException {
    String name = String.valueOf(json.nextTextValue());
    String bytesName = json.nextFieldName();
    long bytes = json.nextLongValue(-1);
    String digestName = json.nextFieldName();
    String digest = String.valueOf(json.nextTextValue());
    boolean legal =
        inside(name) && "bytes".equals(bytesName) && bytes >= 0 && "sha256".equals(digestName);
    if (!legal) {
      throw new Refused("the backup's list of what it holds is damaged at " + name);
    }
    parts.put(name, new Part(bytes, digest));
  }

  /** Whether a name stays in the folder: operators' own files may be called anything else. */
  private static boolean inside(String name) {
    return name.length() <= NAME_CHARS_MAX
        && name.chars().noneMatch(c -> c < ' ' || c == '\\')
        && Stream.of(name.split("/", -1))
            .noneMatch(part -> part.isEmpty() || part.equals(".") || part.equals(".."));
  }

  private static boolean empty(Path folder) throws IOException {
    try (DirectoryStream<Path> inside = Files.newDirectoryStream(folder)) {
      return !inside.iterator().hasNext();
    }
  }

  private static void remove(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    List<Path> all;
    try (Stream<Path> inside = Files.walk(folder)) {
      all = new ArrayList<>(inside.toList());
    }
    for (Path one : all.reversed()) {
      Files.delete(one);
    }
  }
}
