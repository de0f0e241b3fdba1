package org.consilium.coordinator.registry;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.consilium.coordinator.blob.Blobs;
import org.consilium.models.catalog.Bundled;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.StudyPlan.Foundation;
import org.consilium.security.keyfile.DurableFolder;

/**
 * Parameters that studies start from: files that an operator put into a folder, found by their
 * digest whatever their names, and those that come with this program. They are never removed here.
 * One that was found is in the store that coordinators share, if there is one.
 */
public final class Foundations {
  private static final System.Logger LOG = System.getLogger(Foundations.class.getName());
  private static final String SUFFIX = ".safetensors";

  private static final String SHARED = "foundations/";

  private final Path folder;
  private final Optional<Blobs> shared;
  private final Set<String> stored = new HashSet<>();
  private final Set<ModelVersion> hashed = new HashSet<>();

  private Foundations(Path folder, Optional<Blobs> shared) {
    this.folder = folder;
    this.shared = shared;
  }

  /** Opens a folder, and the store behind it; creates the folder when it is not there. */
  public static Foundations open(Path folder, Optional<Blobs> shared) throws IOException {
    return new Foundations(DurableFolder.create(folder), shared);
  }

  /** Where an operator puts files. */
  public Path folder() {
    return folder;
  }

  /** The file whose digest and length a plan names, if it is here. */
  public synchronized Optional<Path> find(Foundation foundation) throws IOException {
    Path known = path(foundation.version());
    if (whole(foundation.version(), known)) {
      share(known);
      return Optional.of(known);
    }
    for (Path file : files()) {
      if (Files.size(file) == foundation.fileBytes()
          && Digest.sha256(file).equals(foundation.version().digest())) {
        link(known, file);
        share(known);
        return Optional.of(known);
      }
    }
    return find(foundation.version());
  }

  /** Another machine needs it as soon as a study's plan names it. */
  private void share(Path known) throws IOException {
    String key = SHARED + known.getFileName();
    if (shared.isPresent() && !stored.contains(key)) {
      if (shared.get().size(key).isEmpty()) {
        shared.get().put(key, known);
      }
      stored.add(key);
    }
  }

  /**
   * Whether a file of that name is there and is what it is named by, hashed once a process: a crash
   * may have left it without its bytes. One that is not is removed, and found or made anew.
   */
  private boolean whole(ModelVersion version, Path known) throws IOException {
    if (!Files.isRegularFile(known)) {
      return false;
    }
    if (!hashed.contains(version)) {
      Digest found = Digest.sha256(known);
      if (!found.equals(version.digest())) {
        LOG.log(
            System.Logger.Level.WARNING,
            "foundation {0} is {1}: removed, to be found again",
            known.getFileName(),
            found.brief());
        Files.delete(known);
        return false;
      }
      hashed.add(version);
    }
    return true;
  }

  private void link(Path known, Path file) throws IOException {
    try {
      Files.createLink(known, file);
      DurableFolder.forceFile(known); // an operator's copying does not
      DurableFolder.force(folder);
    } catch (UnsupportedOperationException noLinks) {
      Path draft = known.resolveSibling(known.getFileName() + ".part");
      Files.copy(file, draft, StandardCopyOption.REPLACE_EXISTING);
      place(draft, known);
    }
  }

  /** Gives a draft its name; durable. */
  private void place(Path draft, Path known) throws IOException {
    DurableFolder.forceFile(draft);
    Files.move(draft, known, StandardCopyOption.ATOMIC_MOVE);
    DurableFolder.force(folder);
  }

  /** A version that {@link #find(Foundation)} has found before, here or on another machine. */
  public synchronized Optional<Path> find(ModelVersion version) throws IOException {
    Path known = path(version);
    if (whole(version, known)) {
      return Optional.of(known);
    }
    Optional<Path> unpacked = unpack(version, known);
    return unpacked.isPresent() ? unpacked : fetch(version, known);
  }

  private Optional<Path> fetch(ModelVersion version, Path to) throws IOException {
    String key = SHARED + to.getFileName();
    Path draft = to.resolveSibling(to.getFileName() + ".part");
    if (shared.isEmpty() || !shared.get().fetch(key, draft)) {
      return Optional.empty();
    }
    Digest found = Digest.sha256(draft);
    if (!found.equals(version.digest())) {
      Files.delete(draft);
      throw new IOException(
          "fetch %s: it is %s, not what it is named by".formatted(key, found.brief()));
    }
    place(draft, to);
    return Optional.of(to);
  }

  private Optional<Path> unpack(ModelVersion version, Path to) throws IOException {
    Optional<Bundled> bundled = Bundled.find(version);
    if (bundled.isEmpty()) {
      return Optional.empty();
    }
    Path draft = to.resolveSibling(to.getFileName() + ".part");
    bundled.get().copyTo(draft);
    place(draft, to);
    return Optional.of(to);
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.filter(p -> p.toString().endsWith(SUFFIX)).sorted().toList();
    }
  }

  private Path path(ModelVersion version) {
    return folder.resolve(version.digest().hex() + SUFFIX);
  }
}
