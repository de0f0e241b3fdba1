package org.consilium.coordinator.study;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Optional;
import org.consilium.coordinator.blob.SharedStore;
import org.consilium.coordinator.round.StudyMachine;
import org.consilium.coordinator.round.StudyState;
import org.consilium.protocol.StudyId;
import org.consilium.security.keyfile.KeyFile;
import org.consilium.security.seal.AggregationKey;

/**
 * One file for each study's aggregation key, readable by its owner only; in the store that
 * coordinators share it is sealed.
 *
 * @param state the state folder
 */
record AggregationKeys(Path state, Optional<SharedStore> shared) {
  private static final int FILE_BYTES_MAX = 1024;

  static AggregationKeys of(Surroundings around) {
    return new AggregationKeys(around.state(), around.shared());
  }

  /** The study's key; a new one when there is none yet. */
  AggregationKey obtain(StudyId study, SecureRandom random) throws IOException {
    Optional<AggregationKey> known = load(study);
    AggregationKey key = known.isPresent() ? known.get() : AggregationKey.generate(random);
    if (known.isEmpty()) {
      key.save(file(study));
    }
    if (shared.isPresent() && !inStore(study)) {
      shared.get().secrets().replace(sealed(study), KeyFile.read(file(study), FILE_BYTES_MAX));
      shared.get().blobs().put(name(study), sealed(study));
    }
    return key;
  }

  /** The study's key, if it was not destroyed. */
  Optional<AggregationKey> load(StudyId study) throws IOException {
    Path file = file(study);
    if (!Files.exists(file) && shared.isPresent()) {
      fetch(study, shared.get());
    }
    return Files.exists(file) ? Optional.of(AggregationKey.load(file)) : Optional.empty();
  }

  private void fetch(StudyId study, SharedStore store) throws IOException {
    Path sealed = sealed(study);
    KeyFile.createFolder(state.resolve("keys"));
    if (store.blobs().fetch(name(study), sealed)) {
      Optional<byte[]> key = store.secrets().read(sealed, FILE_BYTES_MAX);
      if (key.isPresent()) {
        KeyFile.create(file(study), key.get());
      }
    }
  }

  /** Removes the key of a study that is over. */
  void destroy(StudyId study) throws IOException {
    Files.deleteIfExists(file(study));
    if (shared.isPresent() && (Files.deleteIfExists(sealed(study)) || inStore(study))) {
      shared.get().blobs().delete(name(study));
    }
  }

  /**
   * The key of a study that goes on; empty for one that is over.
   *
   * @throws IOException if it is missing
   */
  Optional<AggregationKey> resume(StudyState state) throws IOException {
    StudyId study = state.plan().study();
    if (StudyMachine.over(state)) {
      forget(study);
      return Optional.empty();
    }
    Optional<AggregationKey> key = load(study);
    if (key.isEmpty()) {
      throw new IOException("open study %s: its aggregation key is missing".formatted(study));
    }
    return key;
  }

  /** Removes the copy of a key that another coordinator has destroyed. */
  private void forget(StudyId study) throws IOException {
    if (shared.isPresent() && Files.exists(file(study)) && !inStore(study)) {
      Files.deleteIfExists(file(study));
      Files.deleteIfExists(sealed(study));
    }
  }

  private boolean inStore(StudyId study) throws IOException {
    return shared.isPresent() && shared.get().blobs().size(name(study)).isPresent();
  }

  private Path file(StudyId study) {
    return state.resolve("keys").resolve(study + ".aggregation");
  }

  private Path sealed(StudyId study) {
    return state.resolve("keys").resolve(study + ".aggregation.sealed");
  }

  private static String name(StudyId study) {
    return "keys/" + study + ".aggregation.sealed";
  }
}
