package org.consilium.coordinator.backup;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
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
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.consilium.coordinator.database.Database;
import org.consilium.coordinator.study.Hold;
import org.consilium.protocol.Digest;

/**
 * Writes a backup of a running coordinator: checkpoints first, then the journal, then the files. A
 * checkpoint is of entries that the journal has; a file that the journal names was there before the
 * entry, and none is removed meanwhile. So the copies fit each other, though each is of another
 * moment.
 */
public final class Backup {
  /** Last in the file: what all others must be. */
  static final String CONTENTS = "backup.json";

  static final int FORMAT = 1;
  private static final String CHECKPOINTS = "audit";
  private static final String JOURNAL = "journal.";

  /** Of this process and this machine alone. */
  private static final Set<String> NOT_COPIED =
      Set.of("endpoint", "endpoint.new", "serve.lock", "replica", "restored");

  private static final JsonFactory JSON = new JsonFactory();

  private final Path state;
  private final Database database;
  private final Hold hold;

  /**
   * Of one coordinator.
   *
   * @param state its folder
   * @param database embedded in that folder
   * @param hold keeps files while they are copied
   */
  public Backup(Path state, Database database, Hold hold) {
    this.state = state;
    this.database = database;
    this.hold = hold;
  }

  /** Another engine holds the journal: its own tools copy it. */
  public static final class NotHere extends IOException {
    private static final long serialVersionUID = 1L;

    NotHere() {
      super(
          "the journal is in PostgreSQL: back it up with pg_dump first, and the store after that");
    }
  }

  /** A file of the backup. */
  private record Part(String name, long bytes, Digest digest) {}

  /**
   * Writes the whole backup.
   *
   * @throws NotHere if the journal is in PostgreSQL
   */
  public void write(OutputStream to, Instant time) throws IOException {
    if (!database.embedded()) {
      throw new NotHere();
    }
    Path copy = Files.createTempDirectory(state, "backup-");
    try (ZipOutputStream zip = new ZipOutputStream(to)) {
      zip.setLevel(Deflater.NO_COMPRESSION); // sealed and random: it would not become smaller
      List<Part> parts = new ArrayList<>();
      hold.during(
          () -> {
            addFolder(zip, parts, state.resolve(CHECKPOINTS));
            addJournal(zip, parts, copy.resolve("journal.zip"));
            addFolder(zip, parts, state);
          });
      zip.putNextEntry(new ZipEntry(CONTENTS));
      zip.write(contents(parts, time));
      zip.closeEntry();
    } finally {
      Files.deleteIfExists(copy.resolve("journal.zip"));
      Files.deleteIfExists(copy);
    }
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

  private void addFolder(ZipOutputStream zip, List<Part> parts, Path folder) throws IOException {
    List<Path> files;
    if (!Files.isDirectory(folder)) {
      return;
    }
    try (Stream<Path> all = Files.walk(folder)) {
      files = all.filter(Files::isRegularFile).sorted().toList();
    } catch (java.io.UncheckedIOException gone) {
      throw new IOException("list " + folder, gone);
    }
    Set<String> done = Set.copyOf(parts.stream().map(Part::name).toList());
    for (Path file : files) {
      String name = state.relativize(file).toString().replace('\\', '/');
      if (!done.contains(name) && copied(name)) {
        try (InputStream in = Files.newInputStream(file)) {
          add(zip, parts, name, in);
        } catch (NoSuchFileException draft) {
          // it had its place taken while the list was read
        }
      }
    }
  }

  private static boolean copied(String name) {
    String last = name.substring(name.lastIndexOf('/') + 1);
    boolean draft =
        last.startsWith(".")
            || name.startsWith("models/draft-")
            || last.endsWith(".draft")
            || last.endsWith(".part")
            || last.endsWith(".new");
    boolean scratch = name.startsWith("backup-") || name.startsWith("replay-");
    return !draft && !scratch && !NOT_COPIED.contains(name) && !name.startsWith(JOURNAL);
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
