package org.consilium.coordinator.study;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.security.cert.CertificateException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.consilium.coordinator.blob.SharedStore;
import org.consilium.coordinator.blob.StoreRefused;
import org.consilium.coordinator.round.StudyEvent.Created;
import org.consilium.coordinator.round.StudyMachine;
import org.consilium.coordinator.round.StudyState;
import org.consilium.protocol.StudyId;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.identity.Leaf;
import org.consilium.security.keyfile.KeyFile;
import org.consilium.security.seal.AggregationKey;
import org.consilium.security.sign.ChainCheck;
import org.consilium.security.sign.ChainRefused;

/**
 * One file for each study's aggregation key, readable by its owner only. In the store that
 * coordinators share it is sealed, and its name holds the digest of its public half: the key of a
 * study that a former leader was about to create takes no other's place. A key is used only if the
 * study's certificate in the journal names it.
 *
 * @param state the state folder
 */
record AggregationKeys(Path state, Optional<SharedStore> shared) {
  private static final System.Logger LOG = System.getLogger(AggregationKeys.class.getName());
  private static final int FILE_BYTES_MAX = 1024;
  private static final int NAME_HEX = 32;
  private static final String FOLDER = "keys/";
  private static final String SEALED = ".aggregation.sealed";

  static AggregationKeys of(Surroundings around) {
    return new AggregationKeys(around.state(), around.shared());
  }

  /** The key of a study that is not journaled yet; a new one when there is none here. */
  AggregationKey obtain(StudyId study, SecureRandom random) throws IOException {
    Path file = file(study);
    boolean here = Files.exists(file);
    AggregationKey key = here ? AggregationKey.load(file) : AggregationKey.generate(random);
    if (!here) {
      key.save(file);
    }
    String name = name(study, key.publicKeyDigest());
    if (shared.isPresent() && shared.get().blobs().size(name).isEmpty()) {
      shared.get().secrets().replace(sealed(study), KeyFile.read(file, FILE_BYTES_MAX));
      shared.get().blobs().put(name, sealed(study));
    }
    return key;
  }

  /**
   * The key that a study's certificate names, if it was not destroyed. A copy of another one that
   * is on this machine is replaced by the store's.
   *
   * @throws StoreRefused if there is only another one
   */
  Optional<AggregationKey> load(Created created) throws IOException {
    StudyId study = created.plan().study();
    Fingerprint certified = certified(created);
    Path file = file(study);
    boolean here = Files.exists(file);
    if (here) {
      AggregationKey key = AggregationKey.load(file);
      if (key.publicKeyDigest().equals(certified)) {
        return Optional.of(key);
      }
      key.close();
    }
    Optional<AggregationKey> stored = fetch(study, certified);
    if (stored.isEmpty() && here) {
      throw other(study, file.toString(), certified);
    }
    return stored;
  }

  private Optional<AggregationKey> fetch(StudyId study, Fingerprint certified) throws IOException {
    if (shared.isEmpty()) {
      return Optional.empty();
    }
    KeyFile.createFolder(state.resolve("keys"));
    // An earlier version put it under the study's name alone.
    for (String name : List.of(name(study, certified), FOLDER + study + SEALED)) {
      if (shared.get().blobs().fetch(name, sealed(study))) {
        Optional<byte[]> key = shared.get().secrets().read(sealed(study), FILE_BYTES_MAX);
        return Optional.of(accept(study, name, key.orElseThrow(), certified));
      }
    }
    return Optional.empty();
  }

  /** Gives what came out of the store its place, if it is the right one. */
  private AggregationKey accept(StudyId study, String name, byte[] bytes, Fingerprint certified)
      throws IOException {
    Path fetched = state.resolve("keys").resolve(study + ".aggregation.part");
    try {
      KeyFile.replace(fetched, bytes);
      AggregationKey key = AggregationKey.load(fetched);
      if (!key.publicKeyDigest().equals(certified)) {
        key.close();
        throw other(study, name + " in the store", certified);
      }
      KeyFile.replace(file(study), bytes);
      return key;
    } finally {
      Files.deleteIfExists(fetched);
    }
  }

  /** Removes the key of a study that is over. */
  void destroy(StudyId study) throws IOException {
    Files.deleteIfExists(file(study));
    if (shared.isPresent()) {
      Files.deleteIfExists(sealed(study));
      for (String name : stored(study)) {
        shared.get().blobs().delete(name);
      }
    }
  }

  /**
   * The key of a study that goes on; empty for one that is over.
   *
   * @throws IOException if it is missing
   * @throws StoreRefused if there is only another one
   */
  Optional<AggregationKey> resume(StudyState state) throws IOException {
    StudyId study = state.plan().study();
    if (StudyMachine.over(state)) {
      forget(study);
      return Optional.empty();
    }
    Optional<AggregationKey> key = load(state.created());
    if (key.isEmpty()) {
      throw new IOException("open study %s: its aggregation key is missing".formatted(study));
    }
    return key;
  }

  /** Names of the studies of which there is a key, here or in the store; those that can be seen. */
  Set<String> kept() {
    Set<String> studies = new HashSet<>();
    Path folder = state.resolve(FOLDER);
    try {
      if (Files.isDirectory(folder)) {
        try (Stream<Path> files = Files.list(folder)) {
          files.forEach(file -> studies.add(studyOf(String.valueOf(file.getFileName()))));
        }
      }
      if (shared.isPresent()) {
        shared
            .get()
            .blobs()
            .list(FOLDER, entry -> studies.add(studyOf(entry.key().substring(FOLDER.length()))));
      }
    } catch (IOException | UncheckedIOException unseen) { // no reason not to start
      LOG.log(System.Logger.Level.WARNING, "look for keys left behind: {0}", unseen.getMessage());
    }
    return studies;
  }

  /** A study's own name holds no dot. */
  private static String studyOf(String name) {
    return name.substring(0, Math.max(0, name.indexOf('.')));
  }

  /** Removes the copy of a key that another coordinator has destroyed. */
  private void forget(StudyId study) throws IOException {
    if (shared.isPresent() && Files.exists(file(study)) && stored(study).isEmpty()) {
      Files.deleteIfExists(file(study));
      Files.deleteIfExists(sealed(study));
    }
  }

  /** The digest of the public half of the key that the study's certificate vouches for. */
  private static Fingerprint certified(Created created) throws IOException {
    String what = "open study %s: its certificate in the journal".formatted(created.plan().study());
    try {
      return Leaf.sealingKey(ChainCheck.parse(created.aggregationChain()).getFirst())
          .orElseThrow(() -> new IOException(what + " names no aggregation key"));
    } catch (ChainRefused | CertificateException unreadable) {
      throw new IOException(what + " cannot be read", unreadable);
    }
  }

  private static StoreRefused other(StudyId study, String where, Fingerprint certified) {
    return new StoreRefused(
        StoreRefused.Why.OTHER_KEY,
        "open study %s: the aggregation key %s is not %s, which its journaled certificate names"
            .formatted(study, where, certified.hex().substring(0, NAME_HEX)));
  }

  /** Names of a study's keys in the store; a study's own name holds no dot. */
  private List<String> stored(StudyId study) throws IOException {
    List<String> names = new ArrayList<>();
    if (shared.isPresent()) {
      shared.get().blobs().list(FOLDER + study + ".", entry -> names.add(entry.key()));
    }
    return names.stream().filter(name -> name.endsWith(SEALED)).toList();
  }

  /** What the file of a study's key is called in the state folder, with slashes. */
  static String fileName(StudyId study) {
    return FOLDER + study + ".aggregation";
  }

  private Path file(StudyId study) {
    return state.resolve(fileName(study));
  }

  private Path sealed(StudyId study) {
    return state.resolve("keys").resolve(study + SEALED);
  }

  private static String name(StudyId study, Fingerprint key) {
    return FOLDER + study + "." + key.hex().substring(0, NAME_HEX) + SEALED;
  }
}
