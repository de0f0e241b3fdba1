package org.consilium.coordinator.study;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.consilium.coordinator.study.Replayed.Round;
import org.consilium.protocol.ModelVersion;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole studies, replayed from what their coordinator kept. */
final class StudyReplayTest {
  @TempDir Path folder;

  private TestConsortium finished(Retention retention) throws Exception {
    TestConsortium consortium = new TestConsortium(folder, 3);
    consortium.retention = retention;
    consortium.restart(consortium.journal);
    consortium.begin(TestPlan.of(consortium.ids));
    consortium.run(consortium.ids, StudySnapshot.State.COMPLETED);
    return consortium;
  }

  private static Replayed replay(TestConsortium consortium) throws Exception {
    return new StudyReplay(consortium.around(consortium.journal)).replay(TestConsortium.STUDY);
  }

  @Test
  void replay_updatesKept_everyPublishedDigestComesOutAgain() throws Exception {
    try (TestConsortium consortium = finished(Retention.KEEP)) {
      Replayed replayed = replay(consortium);

      List<ModelVersion> published =
          consortium.snapshot().models().stream()
              .filter(m -> m.round() > 0)
              .map(StudySnapshot.PublishedModel::version)
              .toList();
      assertThat(replayed.proven()).isTrue();
      assertThat(replayed.rounds().stream().map(r -> ((Round.Proven) r).version()))
          .isEqualTo(published)
          .hasSizeGreaterThan(1);
      try (Stream<Path> left = Files.list(folder.resolve("state"))) {
        assertThat(left.map(p -> p.getFileName().toString()))
            .noneMatch(name -> name.startsWith("replay-"));
      }
    }
  }

  @Test
  void replay_updatesDropped_saysWhatIsMissing() throws Exception {
    try (TestConsortium consortium = finished(Retention.DROP)) {
      Replayed replayed = replay(consortium);

      assertThat(replayed.proven()).isFalse();
      assertThat(replayed.rounds())
          .singleElement()
          .isInstanceOfSatisfying(
              Round.Missing.class, m -> assertThat(m.what()).contains("key was destroyed"));
    }
  }

  @Test
  void replay_oneKeptUpdateGone_namesRoundAndSite() throws Exception {
    try (TestConsortium consortium = finished(Retention.KEEP)) {
      Files.delete(folder.resolve("state/spool/pneumonia/2-1/site-b.manifest"));

      Replayed replayed = replay(consortium);

      assertThat(replayed.rounds()).hasSize(2);
      assertThat(replayed.rounds().getLast())
          .isEqualTo(new Round.Missing(2, "the update of site site-b was not kept"));
    }
  }

  @Test
  void replay_oneKeptByteChanged_namesTheRound() throws Exception {
    try (TestConsortium consortium = finished(Retention.KEEP)) {
      try (RandomAccessFile file =
          new RandomAccessFile(
              folder.resolve("state/spool/pneumonia/1-1/site-a.sealed").toFile(), "rw")) {
        int first = file.read();
        file.seek(0);
        file.write(first ^ 1);
      }

      Replayed replayed = replay(consortium);

      assertThat(replayed.rounds())
          .singleElement()
          .isInstanceOfSatisfying(
              Round.Missing.class, m -> assertThat(m.what()).contains("site-a"));
    }
  }

  @Test
  void replay_startingParametersChanged_saysSo() throws Exception {
    try (TestConsortium consortium = finished(Retention.KEEP)) {
      ModelVersion initial = consortium.snapshot().models().getFirst().version();
      Path file = folder.resolve("state/models").resolve(initial.digest().hex() + ".safetensors");
      try (RandomAccessFile changed = new RandomAccessFile(file.toFile(), "rw")) {
        changed.seek(changed.length() - 2); // in the last float's high half
        changed.write(0x12);
      }

      Replayed replayed = replay(consortium);

      assertThat(replayed.rounds())
          .singleElement()
          .isInstanceOfSatisfying(
              Round.Missing.class,
              m -> assertThat(m.what()).startsWith("the starting parameters were changed"));
    }
  }
}
