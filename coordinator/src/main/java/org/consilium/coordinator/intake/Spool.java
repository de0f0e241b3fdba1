package org.consilium.coordinator.intake;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import org.consilium.coordinator.blob.Blobs;
import org.consilium.protocol.Digest;
import org.consilium.protocol.Limits;
import org.consilium.protocol.MalformedMessage;
import org.consilium.protocol.RoundId;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyId;
import org.consilium.protocol.UpdateManifest;
import org.consilium.protocol.wire.ManifestCodec;
import org.consilium.security.keyfile.DurableFolder;

/**
 * The files of updates: for each attempt a folder, for each site its sealed chunks one after the
 * other and the manifest beside them. Names come from checked ids only. Where coordinators share a
 * store, a checked update is in it before it counts, and what is in the folder is compared with its
 * manifest before it is used.
 */
public final class Spool {
  private static final StandardOpenOption[] READ_WRITE = {
    StandardOpenOption.CREATE,
    StandardOpenOption.READ,
    StandardOpenOption.WRITE,
    StandardOpenOption.SPARSE
  };

  /** In the folder of an attempt whose updates outlive their round. */
  private static final String KEPT = "KEPT";

  private static final String SEALED = ".sealed";
  private static final String MANIFEST = ".manifest";

  private final Path root;
  private final Optional<SharedSpool> shared;

  private Spool(Path root, Optional<SharedSpool> shared) {
    this.root = root;
    this.shared = shared;
  }

  /** Opens the spool in a folder, and the store behind it; creates the folder. */
  public static Spool open(Path root, Optional<Blobs> store) throws IOException {
    return new Spool(DurableFolder.create(root), store.map(SharedSpool::new));
  }

  /** One site's update in one attempt. */
  public record Place(RoundId round, int attempt, SiteId site) {}

  /**
   * The manifest kept for an update, if it is there and is the one that {@code upload} names.
   *
   * @return empty when the file is missing or was changed
   */
  public Optional<UpdateManifest> manifest(Place place, Digest upload) throws IOException {
    Optional<UpdateManifest> here = manifestHere(place, upload);
    if (here.isEmpty() && shared.isPresent()) {
      Files.createDirectories(folder(place.round(), place.attempt()));
      boolean _ = shared.get().manifest(place, upload, file(place, MANIFEST));
      return manifestHere(place, upload);
    }
    return here;
  }

  /** The same, of what is on this machine. */
  Optional<UpdateManifest> manifestHere(Place place, Digest upload) throws IOException {
    Path file = file(place, MANIFEST);
    if (!Files.isRegularFile(file) || Files.size(file) > Limits.MESSAGE_BYTES_MAX) {
      return Optional.empty();
    }
    byte[] body = Files.readAllBytes(file);
    if (!Digest.sha256(body).equals(upload)) {
      return Optional.empty();
    }
    try {
      return Optional.of(ManifestCodec.decode(body));
    } catch (MalformedMessage changed) {
      throw new IOException("read spooled manifest " + file.getFileName(), changed);
    }
  }

  /**
   * The sealed chunks of an update, for reading; the caller closes them.
   *
   * @param manifest the update's, whose digest is {@code upload}
   */
  public FileChannel sealed(Place place, Digest upload, UpdateManifest manifest)
      throws IOException {
    if (shared.isPresent()) {
      shared.get().provide(place, upload, manifest, file(place, SEALED));
    }
    return FileChannel.open(file(place, SEALED), StandardOpenOption.READ);
  }

  /** Puts a checked update where other coordinators find it; durable when this returns. */
  void share(Place place, Digest upload) throws IOException {
    if (shared.isPresent()) {
      shared.get().share(place, upload, file(place, SEALED), file(place, MANIFEST));
    }
  }

  /** Keeps bytes beside a site's update, complete and forced to the disk when this returns. */
  public void keep(Place place, String suffix, byte[] bytes) throws IOException {
    Files.createDirectories(folder(place.round(), place.attempt()));
    write(file(place, suffix), bytes);
    forceFolders(place);
    if (shared.isPresent()) {
      shared.get().keep(place, suffix, bytes);
    }
  }

  /** What was kept. */
  public byte[] kept(Place place, String suffix) throws IOException {
    Path file = file(place, suffix);
    if (!Files.exists(file) && shared.isPresent()) {
      Files.createDirectories(folder(place.round(), place.attempt()));
      boolean _ = shared.get().kept(place, suffix, file);
    }
    return Files.readAllBytes(file);
  }

  /** From now on an attempt's updates are there until people remove them; durable. */
  public void keep(RoundId round, int attempt) throws IOException {
    Path folder = Files.createDirectories(folder(round, attempt));
    try (FileChannel mark =
        FileChannel.open(
            folder.resolve(KEPT), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      mark.force(true);
    }
    DurableFolder.force(folder, root);
    if (shared.isPresent()) {
      shared.get().mark(round, attempt);
    }
  }

  /** Undoes {@link #keep}: the attempt came to nothing. */
  public void release(RoundId round, int attempt) throws IOException {
    Files.deleteIfExists(folder(round, attempt).resolve(KEPT));
    if (shared.isPresent()) {
      shared.get().unmark(round, attempt);
    }
  }

  /** Whether an attempt of a study is kept, here or in the store. */
  public boolean keeps(StudyId study) throws IOException {
    Path folder = root.resolve(study.value());
    if (Files.isDirectory(folder)) {
      try (DirectoryStream<Path> attempts = Files.newDirectoryStream(folder)) {
        for (Path one : attempts) {
          if (Files.exists(one.resolve(KEPT))) {
            return true;
          }
        }
      }
    }
    return shared.isPresent() && shared.get().keeps(study);
  }

  /** Removes from the store what is of attempts before this one, but for kept ones. */
  public void retire(StudyId study, int number, int attempt) throws IOException {
    if (shared.isPresent()) {
      shared.get().retire(study, number, attempt);
    }
  }

  /** Removes a site's update from the store. */
  void withdraw(Place place) throws IOException {
    if (shared.isPresent()) {
      shared.get().withdraw(place);
    }
  }

  /** Removes what is spooled for a study, but for one attempt and for kept ones. */
  public void keepOnly(StudyId study, Optional<RoundId> round, int attempt) throws IOException {
    Path folder = root.resolve(study.value());
    Optional<Path> kept = round.map(r -> folder(r, attempt));
    if (Files.isDirectory(folder)) {
      try (DirectoryStream<Path> attempts = Files.newDirectoryStream(folder)) {
        for (Path one : attempts) {
          boolean open = kept.isPresent() && kept.orElseThrow().equals(one);
          if (!open && !Files.exists(one.resolve(KEPT))) {
            delete(one);
          }
        }
      }
    }
  }

  /** Writes the manifest, whole or not at all, and opens the file of chunks, sparse. */
  FileChannel create(Place place, byte[] body) throws IOException {
    Files.createDirectories(folder(place.round(), place.attempt()));
    write(file(place, MANIFEST), body);
    return FileChannel.open(file(place, SEALED), READ_WRITE);
  }

  /** Writes a file, whole or not at all. */
  private static void write(Path file, byte[] body) throws IOException {
    Path draft = file.resolveSibling(file.getFileName() + ".draft");
    try (FileChannel out =
        FileChannel.open(
            draft,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      ByteBuffer bytes = ByteBuffer.wrap(body);
      while (bytes.hasRemaining()) {
        out.write(bytes);
      }
      out.force(true);
    }
    Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /** Forces the folders above a site's file to the disk. */
  void forceFolders(Place place) throws IOException {
    DurableFolder.force(folder(place.round(), place.attempt()), root);
  }

  /** Removes a site's files. */
  void remove(Place place) throws IOException {
    Files.deleteIfExists(file(place, SEALED));
    Files.deleteIfExists(file(place, MANIFEST));
  }

  private Path folder(RoundId round, int attempt) {
    return root.resolve(round.study().value()).resolve(round.number() + "-" + attempt);
  }

  private Path file(Place place, String suffix) {
    return folder(place.round(), place.attempt()).resolve(place.site().value() + suffix);
  }

  private static void delete(Path folder) throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      for (Path file : files) {
        Files.deleteIfExists(file);
      }
    }
    Files.deleteIfExists(folder);
  }
}
