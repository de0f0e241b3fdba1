package org.consilium.coordinator.registry;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.consilium.models.catalog.Bundled;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.StudyPlan.Foundation;
import org.consilium.security.keyfile.DurableFolder;

/**
 * Parameters that studies start from: files that an operator put into a folder, found by their
 * digest whatever their names, and those that come with this program. They are never removed here.
 */
public final class Foundations {
  private static final String SUFFIX = ".safetensors";

  private final Path folder;

  private Foundations(Path folder) {
    this.folder = folder;
  }

  /** Opens a folder; creates it when it is not there. */
  public static Foundations open(Path folder) throws IOException {
    return new Foundations(DurableFolder.create(folder));
  }

  /** Where an operator puts files. */
  public Path folder() {
    return folder;
  }

  /** The file whose digest and length a plan names, if it is here. */
  public synchronized Optional<Path> find(Foundation foundation) throws IOException {
    Path known = path(foundation.version());
    if (Files.isRegularFile(known)) {
      return Optional.of(known);
    }
    for (Path file : files()) {
      if (Files.size(file) == foundation.fileBytes()
          && Digest.sha256(file).equals(foundation.version().digest())) {
        Files.createLink(known, file);
        return Optional.of(known);
      }
    }
    return unpack(foundation.version(), known);
  }

  /** A version that {@link #find} has found before. */
  public Optional<Path> find(ModelVersion version) {
    Path known = path(version);
    return Files.isRegularFile(known) ? Optional.of(known) : Optional.empty();
  }

  private static Optional<Path> unpack(ModelVersion version, Path to) throws IOException {
    Optional<Bundled> bundled = Bundled.find(version);
    if (bundled.isEmpty()) {
      return Optional.empty();
    }
    Path draft = to.resolveSibling(to.getFileName() + ".part");
    bundled.get().copyTo(draft);
    Files.move(draft, to, java.nio.file.StandardCopyOption.ATOMIC_MOVE);
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
