package org.consilium.coordinator.study;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.consilium.coordinator.blob.FolderBlobs;
import org.consilium.coordinator.blob.SharedStore;
import org.consilium.coordinator.study.StudySnapshot.State;
import org.consilium.protocol.Aggregation;
import org.consilium.protocol.Aggregation.Rule;
import org.consilium.protocol.Aggregation.Weighting;
import org.consilium.protocol.ModelVersion;
import org.consilium.security.keyfile.SealedFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Coordinators with a state folder each that share a journal and a store, one after the other. */
final class TakeoverTest {
  private static final Aggregation YOGI =
      new Aggregation(Rule.FEDYOGI, 0.01, 0.9, 0.99, 1e-3, 0, Weighting.UNIFORM);

  @TempDir Path folder;

  /** F14, F1: I1-I4, I9. Nothing but journal and store is there for the one that goes on. */
  @Test
  void f14_deathAtEveryAppend_anotherMachineGoesOnToTheSameEnd() throws Exception {
    List<ModelVersion> calm = new ArrayList<>();
    int appends;
    try (TestConsortium c = consortium("calm")) {
      var _ = c.begin(TestPlan.of(c.ids).parameters(2_000).aggregation(YOGI));
      c.run(c.ids, State.COMPLETED);
      c.snapshot().models().forEach(m -> calm.add(m.version()));
      appends = c.entries();
    }

    for (int at = 6; at <= appends; at++) {
      for (boolean written : new boolean[] {false, true}) {
        String name = "append %d, %s".formatted(at, written ? "written" : "not written");
        try (TestConsortium c = consortium("run" + at + written)) {
          var _ = c.begin(TestPlan.of(c.ids).parameters(2_000).aggregation(YOGI));
          c.move("second");
          c.restart(new FaultyJournal(c.journal, Math.max(1, at - c.entries()), written));
          try {
            c.run(c.ids, State.COMPLETED);
          } catch (TestConsortium.DeadCoordinator dead) {
            // the third machine goes on below
          }
          c.move("third");
          c.restart(c.journal);
          c.run(c.ids, State.COMPLETED);

          assertThat(c.snapshot().models()).as(name).map(m -> m.version()).isEqualTo(calm);
          assertThat(c.snapshot().rounds()).as(name).allMatch(r -> r.updates().size() == 3);
          assertThat(c.entries()).as(name).isEqualTo(appends);
        }
      }
    }
  }

  /** F8: what a former leader left on a disk is compared before it is used. */
  @Test
  void f8_leaderAgainWithDamagedFiles_takesThoseOfTheStore() throws Exception {
    List<ModelVersion> calm = new ArrayList<>();
    try (TestConsortium c = consortium("calm")) {
      var _ = c.begin(TestPlan.of(c.ids).parameters(2_000));
      c.run(c.ids, State.COMPLETED);
      c.snapshot().models().forEach(m -> calm.add(m.version()));
    }

    try (TestConsortium c = consortium("damaged")) {
      var _ = c.begin(TestPlan.of(c.ids).parameters(2_000));
      var task = c.task(c.ids.getFirst());
      for (var id : c.ids.subList(0, 2)) {
        var _ = c.send(id, c.update(id, c.task(id)));
      }
      assertThat(task.round()).isEqualTo(1);
      c.move("elsewhere");
      c.restart(c.journal);
      damage(folder.resolve("damaged/state/spool"));
      c.move("state");
      c.restart(c.journal);
      c.run(c.ids, State.COMPLETED);

      assertThat(c.snapshot().models()).map(m -> m.version()).isEqualTo(calm);
      assertThat(c.snapshot().rounds()).allMatch(r -> r.updates().size() == 3);
    }
  }

  @Test
  void study_runsToItsEnd_storeHoldsTheKeptModelsAndNoUpdateOrKey() throws Exception {
    try (TestConsortium c = consortium("end")) {
      var _ = c.begin(TestPlan.of(c.ids).parameters(2_000).aggregation(YOGI));
      assertThat(keys("end")).anyMatch(k -> k.startsWith("keys/"));
      c.runUntil(c.ids, () -> !c.snapshot().rounds().isEmpty());

      c.run(c.ids, State.COMPLETED);

      TestConsortium.await(() -> keys("end").stream().noneMatch(k -> k.startsWith("keys/")));
      assertThat(keys("end")).noneMatch(k -> k.startsWith("spool/"));
      assertThat(keys("end"))
          .containsAll(
              c.snapshot().models().stream()
                  .map(m -> "models/" + m.version() + ".safetensors")
                  .toList());
      assertThat(keys("end")).noneMatch(k -> k.contains("moment"));
    }
  }

  /** I10: the store alone opens no update. */
  @Test
  void store_aggregationKey_isSealedInIt() throws Exception {
    try (TestConsortium c = consortium("sealed")) {
      var _ = c.begin(TestPlan.of(c.ids).parameters(2_000));

      String plain =
          Files.readString(folder.resolve("sealed/state/keys/pneumonia.aggregation")).strip();
      List<String> sealed = keys("sealed").stream().filter(k -> k.startsWith("keys/")).toList();
      assertThat(sealed).hasSize(1);
      byte[] stored = Files.readAllBytes(folder.resolve("sealed/store").resolve(sealed.getFirst()));

      assertThat(new String(stored, java.nio.charset.StandardCharsets.ISO_8859_1))
          .doesNotContain(plain.substring(plain.length() - 20));
    }
  }

  /** A former leader removes only what is older than what it knew to be open. */
  @Test
  void retire_byAFormerLeader_leavesLaterAttemptsAlone() throws Exception {
    try (TestConsortium c = consortium("late")) {
      var _ = c.begin(TestPlan.of(c.ids).parameters(2_000));
      c.runUntil(c.ids, () -> c.snapshot().models().size() == 2);
      var id = c.ids.getFirst();
      TestConsortium.await(() -> c.pendingTask(id).filter(t -> t.round() == 2).isPresent());
      var _ = c.send(id, c.update(id, c.task(id)));

      c.around(c.journal).stores().spool().retire(TestConsortium.STUDY, 2, 1);
      assertThat(keys("late")).anyMatch(k -> k.startsWith("spool/pneumonia/2-1/" + id));

      c.around(c.journal).stores().spool().retire(TestConsortium.STUDY, 2, 2);
      assertThat(keys("late")).noneMatch(k -> k.startsWith("spool/pneumonia/2-1/" + id));
    }
  }

  private TestConsortium consortium(String name) throws IOException {
    TestConsortium c = new TestConsortium(folder.resolve(name), 3);
    c.store =
        Optional.of(
            new SharedStore(
                FolderBlobs.open(folder.resolve(name).resolve("store")),
                new SealedFile(new byte[32], "test", new SecureRandom())));
    c.restart(c.journal);
    return c;
  }

  private List<String> keys(String name) {
    Path store = folder.resolve(name).resolve("store");
    try (Stream<Path> files = Files.walk(store)) {
      return files.filter(Files::isRegularFile).map(f -> store.relativize(f).toString()).toList();
    } catch (IOException unreadable) {
      throw new java.io.UncheckedIOException(unreadable);
    }
  }

  private static void damage(Path spool) throws IOException {
    int damaged = 0;
    try (Stream<Path> files = Files.walk(spool)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".sealed")).toList()) {
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length / 2] ^= 1;
        Files.write(file, bytes);
        damaged++;
      }
    }
    assertThat(damaged).isEqualTo(2);
  }
}
