package org.consilium.coordinator.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.consilium.coordinator.blob.FolderBlobs;
import org.consilium.coordinator.blob.SharedStore;
import org.consilium.coordinator.blob.StoreRefused;
import org.consilium.coordinator.study.StudySnapshot.State;
import org.consilium.security.keyfile.KeyFile;
import org.consilium.security.keyfile.SealedFile;
import org.consilium.security.seal.AggregationKey;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A study's key, and others that lie where it is looked for. */
final class AggregationKeysTest {
  private static final String FORMER_NAME = "keys/pneumonia.aggregation.sealed";

  @TempDir Path folder;

  private final SecureRandom random = new SecureRandom();

  /** A former leader was about to create a study of that name, and stood still until now. */
  @Test
  void obtain_byAFormerLeaderTooLate_takesNoOthersPlace() throws Exception {
    try (TestConsortium c = consortium()) {
      var _ = c.begin(TestPlan.of(c.ids).parameters(2_000));

      AggregationKey late =
          new AggregationKeys(folder.resolve("former"), c.store)
              .obtain(TestConsortium.STUDY, random);
      String digest = late.publicKeyDigest().hex().substring(0, 32);
      assertThat(keys()).hasSize(2).anyMatch(name -> name.contains(digest));
      c.move("next");
      c.restart(c.journal);
      c.run(c.ids, State.COMPLETED);

      TestConsortium.await(() -> keys().isEmpty());
    }
  }

  @Test
  void open_afterADeathAtTheStudysEnd_removesTheKeyUnlessUpdatesAreKept() throws Exception {
    try (TestConsortium c = new TestConsortium(folder.resolve("run"), 3)) {
      var _ = c.begin(TestPlan.of(c.ids).rounds(1, 0).parameters(2_000));
      Path key = folder.resolve("run/state/keys/pneumonia.aggregation");
      byte[] bytes = Files.readAllBytes(key);
      c.run(c.ids, State.COMPLETED);
      TestConsortium.await(() -> !Files.exists(key));

      KeyFile.create(key, bytes); // as if the process had died before it was removed
      c.restart(c.journal);
      assertThat(key).doesNotExist();

      KeyFile.create(key, bytes);
      Path attempt = folder.resolve("run/state/spool/pneumonia/1-1");
      Files.createFile(Files.createDirectories(attempt).resolve("KEPT"));
      c.restart(c.journal);
      assertThat(key).exists();
    }
  }

  /** An earlier version of the program knows one name a study. */
  @Test
  void load_anotherKeyUnderTheFormerName_isNotTaken() throws Exception {
    try (TestConsortium c = consortium()) {
      var _ = c.begin(TestPlan.of(c.ids).parameters(2_000));

      putOther(c);
      c.move("next");
      c.restart(c.journal);

      c.run(c.ids, State.COMPLETED);
      TestConsortium.await(() -> keys().isEmpty());
    }
  }

  @Test
  void load_keyUnderTheFormerName_isFound() throws Exception {
    try (TestConsortium c = consortium()) {
      var _ = c.begin(TestPlan.of(c.ids).parameters(2_000));
      assertThat(keys()).hasSize(1);

      Files.move(store().resolve(keys().getFirst()), store().resolve(FORMER_NAME));
      c.move("next");
      c.restart(c.journal);

      c.run(c.ids, State.COMPLETED);
      TestConsortium.await(() -> keys().isEmpty());
    }
  }

  @Test
  void load_onlyAnotherKeyInTheStore_isRefused() throws Exception {
    try (TestConsortium c = consortium()) {
      var _ = c.begin(TestPlan.of(c.ids).parameters(2_000));

      Files.delete(store().resolve(keys().getFirst()));
      putOther(c);
      c.move("next");

      assertThatThrownBy(() -> c.restart(c.journal))
          .isInstanceOfSatisfying(
              StoreRefused.class, r -> assertThat(r.why()).isEqualTo(StoreRefused.Why.OTHER_KEY))
          .hasMessageContaining("study pneumonia")
          .hasMessageContaining(FORMER_NAME);
      assertThat(folder.resolve("run/next/keys/pneumonia.aggregation")).doesNotExist();
    }
  }

  /** Left by a creation that another leader was quicker with. */
  @Test
  void load_anotherKeyOnThisMachine_isReplacedByTheStores() throws Exception {
    try (TestConsortium c = consortium()) {
      var _ = c.begin(TestPlan.of(c.ids).parameters(2_000));
      Path file = folder.resolve("run/state/keys/pneumonia.aggregation");
      byte[] right = Files.readAllBytes(file);

      Files.delete(file);
      AggregationKey.generate(random).save(file);
      c.restart(c.journal);

      assertThat(file).hasBinaryContent(right);
      c.run(c.ids, State.COMPLETED);
    }
  }

  @Test
  void load_anotherKeyAndNoStore_isRefused() throws Exception {
    try (TestConsortium c = new TestConsortium(folder.resolve("run"), 3)) {
      var _ = c.begin(TestPlan.of(c.ids).parameters(2_000));
      Path file = folder.resolve("run/state/keys/pneumonia.aggregation");

      Files.delete(file);
      AggregationKey.generate(random).save(file);

      assertThatThrownBy(() -> c.restart(c.journal))
          .isInstanceOf(StoreRefused.class)
          .hasMessageContaining(file.toString());
    }
  }

  private TestConsortium consortium() throws IOException {
    TestConsortium c = new TestConsortium(folder.resolve("run"), 3);
    c.store =
        Optional.of(
            new SharedStore(
                FolderBlobs.open(store()), new SealedFile(new byte[32], "test", random)));
    c.restart(c.journal);
    return c;
  }

  /** Puts a key that no certificate names under the name that has no digest. */
  private void putOther(TestConsortium c) throws IOException {
    Path plain = folder.resolve("other.key");
    AggregationKey.generate(random).save(plain);
    Path sealed = folder.resolve("other.sealed");
    c.store.orElseThrow().secrets().replace(sealed, Files.readAllBytes(plain));
    c.store.orElseThrow().blobs().put(FORMER_NAME, sealed);
  }

  private Path store() {
    return folder.resolve("run/store");
  }

  private List<String> keys() {
    Path keys = store().resolve("keys");
    try (Stream<Path> files = Files.list(keys)) {
      return files.map(f -> "keys/" + f.getFileName()).toList();
    } catch (IOException unreadable) {
      throw new java.io.UncheckedIOException(unreadable);
    }
  }
}
