package org.consilium.coordinator.study;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Optional;
import org.consilium.protocol.StudyId;
import org.consilium.security.seal.AggregationKey;

/** One file for each study's aggregation key, readable by its owner only. */
final class AggregationKeys {
  private AggregationKeys() {}

  /** The study's key; a new one when there is none yet. */
  static AggregationKey obtain(Path state, StudyId study, SecureRandom random) throws IOException {
    Path file = file(state, study);
    if (Files.exists(file)) {
      return AggregationKey.load(file);
    }
    AggregationKey key = AggregationKey.generate(random);
    key.save(file);
    return key;
  }

  /** The study's key, if it was not destroyed. */
  static Optional<AggregationKey> load(Path state, StudyId study) throws IOException {
    Path file = file(state, study);
    return Files.exists(file) ? Optional.of(AggregationKey.load(file)) : Optional.empty();
  }

  /** Removes the key of a study that is over. */
  static void destroy(Path state, StudyId study) throws IOException {
    Files.deleteIfExists(file(state, study));
  }

  private static Path file(Path state, StudyId study) {
    return state.resolve("keys").resolve(study + ".aggregation");
  }
}
