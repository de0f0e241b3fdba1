package org.consilium.site.outbox;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.StudyId;
import org.consilium.protocol.fault.FailPoint;
import org.consilium.security.keyfile.DurableFolder;
import org.consilium.security.keyfile.KeyFile;
import org.consilium.security.sign.VerifyingKey;
import org.consilium.site.protect.SealedUpdate;

/**
 * Updates on their way, one folder a study and round. The spool is forced to disk before the
 * manifest appears, and the manifest appears whole or not at all: an update with a legal manifest
 * is complete, anything else is a draft of a crash and is thrown away. One thread at a time.
 */
public final class Outbox {
  private static final String SPOOL = "update.sealed";
  private static final String MANIFEST = "update.manifest";

  private final Path folder;
  private final VerifyingKey own;

  private Outbox(Path folder, VerifyingKey own) {
    this.folder = folder;
    this.own = own;
  }

  /** The outbox in {@code folder}, made if it is missing; only what {@code own} signed is taken. */
  public static Outbox open(Path folder, VerifyingKey own) throws IOException {
    KeyFile.createFolder(folder);
    return new Outbox(folder, own);
  }

  /** Where the chunks of a new update are to be written; what was there before is gone. */
  public Path draft(RoundTask task) throws IOException {
    Path place = place(task.study(), task.round());
    delete(place);
    KeyFile.createFolder(place);
    return place.resolve(SPOOL);
  }

  /**
   * Makes an update durable. When this returns, it may be sent, and survives a crash.
   *
   * @throws IOException if the disk does not keep it; then nothing of it is left, for what a force
   *     has lost once, another would not show
   */
  public void put(SealedUpdate update) throws IOException {
    Path place = place(update.manifest().round().study(), update.manifest().round().number());
    if (!update.spool().equals(place.resolve(SPOOL))) {
      throw new IllegalArgumentException(
          "outbox: the spool of %s is not the draft".formatted(update.manifest().round()));
    }
    try {
      FailPoint.OUTBOX_UNFORCED.reachDisk();
      DurableFolder.forceFile(update.spool());
      byte[] frame = ManifestFrame.encode(update.body(), update.signature());
      KeyFile.replace(place.resolve(MANIFEST), frame);
    } catch (IOException lost) {
      forget(place, lost);
      throw lost;
    }
    FailPoint.UPDATE_SPOOLED.reach();
  }

  /**
   * The update that answers {@code task}, if one was made durable before. Drafts, damaged updates
   * and those of another attempt are thrown away: they are made again from the same seed. What is
   * found is durable.
   *
   * @throws IOException if the disk cannot be read now; the update stays
   */
  public Optional<SealedUpdate> find(RoundTask task) throws IOException {
    Path place = place(task.study(), task.round());
    if (!Files.isDirectory(place)) {
      return Optional.empty();
    }
    Optional<SealedUpdate> found = read(place).filter(u -> u.answers(task));
    if (found.isEmpty()) {
      delete(place);
    } else {
      DurableFolder.forceFile(
          place.resolve(SPOOL)); // the process that put it may have been killed before it had
      DurableFolder.forceFile(place.resolve(MANIFEST));
      DurableFolder.force(place, folder);
    }
    return found;
  }

  /** Forgets the update of a round: acknowledged, or no longer wanted. */
  public void remove(StudyId study, int round) throws IOException {
    delete(place(study, round));
  }

  /** Forgets the updates of all rounds of a study before {@code round}: they are over. */
  public void removeBefore(StudyId study, int round) throws IOException {
    for (Path place : places()) {
      String name = String.valueOf(place.getFileName());
      String prefix = study.value() + ".r";
      if (name.startsWith(prefix)
          && name.substring(prefix.length()).matches("[0-9]{1,6}")
          && Integer.parseInt(name.substring(prefix.length())) < round) {
        delete(place);
      }
    }
  }

  /** Number of updates and drafts that wait. */
  public int size() throws IOException {
    return places().size();
  }

  private Optional<SealedUpdate> read(Path place) throws IOException {
    Path manifest = place.resolve(MANIFEST);
    if (!Files.exists(manifest)) {
      return Optional.empty();
    }
    Optional<ManifestFrame> frame =
        ManifestFrame.decode(KeyFile.read(manifest, ManifestFrame.BYTES_MAX));
    if (frame.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          SealedUpdate.reopen(
              frame.get().body(), frame.get().signature(), place.resolve(SPOOL), own));
    } catch (SealedUpdate.Damaged damaged) {
      // Not whole: it cannot have been acknowledged under these bytes, and is made again.
      return Optional.empty();
    }
  }

  private static void forget(Path place, IOException cause) {
    try {
      delete(place);
    } catch (IOException left) {
      cause.addSuppressed(left);
    }
  }

  private Path place(StudyId study, int round) {
    return folder.resolve(study.value() + ".r" + round);
  }

  private List<Path> places() throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.sorted().toList();
    }
  }

  private static void delete(Path place) throws IOException {
    if (!Files.exists(place)) {
      return;
    }
    List<Path> found = new ArrayList<>();
    try (Stream<Path> all = Files.walk(place)) {
      all.sorted(Comparator.reverseOrder()).forEach(found::add);
    }
    for (Path path : found) {
      Files.deleteIfExists(path);
    }
  }
}
