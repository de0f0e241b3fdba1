package org.consilium.coordinator.backup;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.consilium.coordinator.database.Database;
import org.consilium.coordinator.study.Studies;
import org.consilium.protocol.Digest;

/**
 * Writes a backup of a running coordinator: checkpoints first, then the journal, then the files. A
 * checkpoint is of entries that the journal has; a file that the journal names was there before the
 * entry, and none is removed meanwhile. So the copies fit each other, though each is of another
 * moment. Links are followed: the copy has plain folders in their place.
 */
public final class Backup {
  /** Last in the file: what all others must be. */
  static final String CONTENTS = "backup.json";

  static final int FORMAT = 1;
  private static final String CHECKPOINTS = "audit";
  private static final String JOURNAL = "journal.";
  private static final String JOURNAL_FILE = JOURNAL + "mv.db";
  private static final String JOURNAL_COPY = "journal.zip";

  /** Begins the names of what is made here and does not stay. */
  private static final String SCRATCH = "backup-";

  private static final String DRAFT = ".part";

  /** Left free on the state folder's disk beside a backup: rounds and the journal go on there. */
  private static final long ROOM_KEPT_BYTES = 64L << 20;

  /** Of this process and this machine alone. */
  private static final Set<String> NOT_COPIED =
      Set.of("endpoint", "endpoint.new", "serve.lock", "replica", "restored");

  /** What people decided about this copy of the journal: it does not hold for another. */
  private static final String DECIDED_HERE = "rolled-back";

  private static final JsonFactory JSON = new JsonFactory();

  private final Path state;
  private final Database database;
  private final Studies studies;

  /**
   * Of one coordinator.
   *
   * @param state its folder, or a link to it
   * @param database embedded in that folder
   * @param studies keep their files while they are copied, and say which they need
   */
  public Backup(Path state, Database database, Studies studies) {
    this.state = state;
    this.database = database;
    this.studies = studies;
  }

  /** Another engine holds the journal: its own tools copy it. */
  public static final class NotHere extends IOException {
    private static final long serialVersionUID = 1L;

    NotHere() {
      super(
          "the journal is in PostgreSQL: back it up with pg_dump first, and the store after that");
    }
  }

  /** It would not be whole, or there is no room for it: nothing was made. */
  public static final class NotMade extends IOException {
    private static final long serialVersionUID = 1L;

    NotMade(String why) {
      super("no backup was made: " + why);
    }
  }

  /** A file of the backup. */
  private record Part(String name, long bytes, Digest digest) {}

  /** Removes what a process that was killed amid a backup left: it holds every key. */
  public static void sweep(Path state) throws IOException {
    for (Path left : inside(state)) {
      String name = String.valueOf(left.getFileName());
      if (name.matches(SCRATCH + "\\d+\\" + DRAFT)) {
        Files.delete(left);
      } else if (name.matches(SCRATCH + "\\d+") && Files.isDirectory(left)) {
        Path copy = left.resolve(JOURNAL_COPY);
        if (Set.of(copy).containsAll(inside(left))) { // or it is an operator's own
          Files.deleteIfExists(copy);
          Files.delete(left);
        }
      }
    }
  }

  private static List<Path> inside(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.toList();
    }
  }

  /**
   * Makes the whole backup as a file of the state folder that its owner alone may read; whoever
   * asked removes it, or the next start does.
   *
   * @throws NotHere if the journal is in PostgreSQL
   * @throws NotMade if it would not be whole, or there is no room
   */
  public Path file(Instant time) throws IOException {
    requireHere();
    Path root = state.toRealPath();
    requireRoom(root);
    Path file = Files.createTempFile(root, SCRATCH, DRAFT); // readable by its owner alone
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
      write(out, time);
    } catch (IOException | RuntimeException failed) {
      Files.deleteIfExists(file);
      throw failed;
    }
    return file;
  }

  /**
   * Writes the whole backup. What was written before a failure has no list at its end, and is no
   * backup.
   *
   * @throws NotHere if the journal is in PostgreSQL
   * @throws NotMade if it would not be whole
   */
  public void write(OutputStream to, Instant time) throws IOException {
    requireHere();
    Path root = state.toRealPath();
    Path copy = Files.createTempDirectory(root, SCRATCH);
    try (ZipOutputStream zip = new ZipOutputStream(to)) {
      zip.setLevel(Deflater.NO_COMPRESSION); // sealed and random: it would not become smaller
      List<Part> parts = new ArrayList<>();
      studies
          .hold()
          .during(
              () -> {
                List<String> needed = studies.essentials(); // before the journal: it says no less
                addFolder(zip, parts, root, root.resolve(CHECKPOINTS));
                addJournal(zip, parts, copy.resolve(JOURNAL_COPY));
                addFolder(zip, parts, root, root);
                requireWhole(parts, needed);
              });
      zip.putNextEntry(new ZipEntry(CONTENTS));
      zip.write(contents(parts, time));
      zip.closeEntry();
    } finally {
      Files.deleteIfExists(copy.resolve(JOURNAL_COPY));
      Files.deleteIfExists(copy);
    }
  }

  private void requireHere() throws NotHere {
    if (!database.embedded()) {
      throw new NotHere();
    }
  }

  /** A disk that a backup fills would stop the rounds. The journal is there twice meanwhile. */
  private static void requireRoom(Path root) throws IOException {
    long bytes = ROOM_KEPT_BYTES;
    for (Listing.Found found : Listing.of(root, root, Backup::copied)) {
      bytes += found.name().startsWith(JOURNAL) ? 2 * found.bytes() : found.bytes();
    }
    long usable = Files.getFileStore(root).getUsableSpace();
    if (usable < bytes) {
      throw new NotMade(
          "it needs %d MiB of room in %s, %d MiB are free"
              .formatted(bytes >> 20, root, usable >> 20));
    }
  }

  private static void requireWhole(List<Part> parts, List<String> needed) throws NotMade {
    Set<String> names = names(parts);
    if (!names.contains(JOURNAL_FILE)) {
      throw new NotMade("the database's own copy holds no %s".formatted(JOURNAL_FILE));
    }
    for (String name : needed) {
      if (!names.contains(name)) {
        throw new NotMade(
            "%s is not in the state folder, and a study that is not over needs it".formatted(name));
      }
    }
  }

  private static Set<String> names(List<Part> parts) {
    Set<String> names = new HashSet<>();
    parts.forEach(part -> names.add(part.name()));
    return names;
  }

  private void addJournal(ZipOutputStream zip, List<Part> parts, Path copy) throws IOException {
    try (var connection = database.connection();
        var statement = connection.prepareStatement("backup to ?")) {
      statement.setString(1, copy.toAbsolutePath().toString());
      boolean _ = statement.execute();
      connection.rollback();
    } catch (SQLException failed) {
      throw new IOException("copy the journal: " + failed.getMessage(), failed);
    }
    try (ZipFile inner = new ZipFile(copy.toFile())) {
      for (ZipEntry entry : java.util.Collections.list(inner.entries())) {
        try (InputStream in = inner.getInputStream(entry)) {
          add(zip, parts, entry.getName().replaceAll("^.*/", ""), in);
        }
      }
    }
  }

  private static void addFolder(ZipOutputStream zip, List<Part> parts, Path root, Path folder)
      throws IOException {
    if (!Files.isDirectory(folder)) {
      return;
    }
    Set<String> done = names(parts);
    for (Listing.Found found : Listing.of(root, folder, Backup::copied)) {
      String name = found.name();
      if (!done.contains(name) && copied(name) && !name.startsWith(JOURNAL)) {
        try (InputStream in = Files.newInputStream(found.path())) {
          add(zip, parts, name, in);
        } catch (NoSuchFileException draft) {
          // it had its place taken while the list was read
        }
      }
    }
  }

  /** Whether a file of the state folder belongs into a backup; the journal comes another way. */
  private static boolean copied(String name) {
    String last = name.substring(name.lastIndexOf('/') + 1);
    boolean draft =
        last.startsWith(".")
            || name.startsWith("models/draft-")
            || last.endsWith(".draft")
            || last.endsWith(DRAFT)
            || last.endsWith(".new");
    boolean scratch = name.startsWith(SCRATCH) || name.startsWith("replay-");
    boolean own = NOT_COPIED.contains(name) || name.startsWith(DECIDED_HERE);
    return !draft && !scratch && !own;
  }

  private static void add(ZipOutputStream zip, List<Part> parts, String name, InputStream in)
      throws IOException {
    zip.putNextEntry(new ZipEntry(name));
    var counted = new DigestInputStream(in, Digest.newSha256());
    long bytes = counted.transferTo(zip);
    zip.closeEntry();
    parts.add(new Part(name, bytes, Digest.of(counted.getMessageDigest().digest())));
  }

  private static byte[] contents(List<Part> parts, Instant time) throws IOException {
    var out = new ByteArrayOutputStream();
    try (JsonGenerator json = JSON.createGenerator(out).useDefaultPrettyPrinter()) {
      json.writeStartObject();
      json.writeNumberField("format", FORMAT);
      json.writeStringField("time", time.toString());
      json.writeArrayFieldStart("files");
      for (Part part : parts) {
        json.writeStartObject();
        json.writeStringField("name", part.name());
        json.writeNumberField("bytes", part.bytes());
        json.writeStringField("sha256", part.digest().hex());
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeEndObject();
    }
    return out.toByteArray();
  }
}
