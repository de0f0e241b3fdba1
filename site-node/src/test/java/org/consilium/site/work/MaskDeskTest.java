package org.consilium.site.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.consilium.site.work.MaskScene.EAST;

import java.nio.file.Files;
import java.nio.file.Path;
import org.consilium.proto.v1.MaskSubmission.KindCase;
import org.consilium.protocol.RoundTask;
import org.consilium.site.masking.MaskDesk;
import org.consilium.site.protect.Consortium;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

final class MaskDeskTest {
  @TempDir private Path folder;

  @Test
  @Timeout(60)
  void send_messageHeldAtTheExit_endsItsAttemptAloneAndTheDeskWorksOn() throws Exception {
    try (MaskScene scene = new MaskScene(folder)) {
      scene.node(EAST).mode = "sealed"; // nothing of masking may leave
      RoundTask first = scene.task(1);
      scene.node(EAST).begin(first, scene.context(first));

      assertThat(scene.node(EAST).outcome(scene.context(first)))
          .isInstanceOfSatisfying(
              MaskDesk.Outcome.Failed.class,
              f -> assertThat(f.detail()).contains("under mode sealed"));
      assertThat(scene.liar.taken(EAST, KindCase.KEYS)).isEmpty();

      scene.node(EAST).mode = "masked";
      RoundTask second = scene.masked(2);
      assertThat(scene.node(EAST).outcome(scene.context(second)))
          .isInstanceOf(MaskDesk.Outcome.Ready.class);
    }
  }

  @Test
  @Timeout(60)
  void begin_diskFailsForAMoment_isDoneAgain() throws Exception {
    try (MaskScene scene = new MaskScene(folder)) {
      Path study = study();
      Files.createDirectories(study.getParent());
      Files.createFile(study); // where its folder has to be
      RoundTask task = scene.task(1);
      scene.node(EAST).begin(task, scene.context(task));
      scene.await(() -> scene.node(EAST).log.stream().anyMatch(l -> l.contains("tried again")));
      assertThat(scene.liar.taken(EAST, KindCase.KEYS)).isEmpty();

      Files.delete(study);

      scene.await(() -> !scene.liar.taken(EAST, KindCase.KEYS).isEmpty());
    }
  }

  @Test
  @Timeout(60)
  void begin_afterWhatWasKeptIsDamaged_drawsAnew() throws Exception {
    try (MaskScene scene = new MaskScene(folder)) {
      RoundTask _ = scene.begun(1);
      Path kept = study().resolve("masking.sealed");
      byte[] bytes = Files.readAllBytes(kept);
      bytes[bytes.length / 2] ^= 1;
      Files.write(kept, bytes);
      scene.node(EAST).restart();

      RoundTask next = scene.task(2);
      scene.node(EAST).begin(next, scene.context(next));

      scene.await(() -> scene.liar.taken(EAST, KindCase.KEYS).size() == 2);
      assertThat(scene.node(EAST).log).anyMatch(l -> l.contains("begun anew"));
    }
  }

  private Path study() {
    return folder.resolve(EAST.value()).resolve("studies").resolve(Consortium.STUDY.value());
  }
}
