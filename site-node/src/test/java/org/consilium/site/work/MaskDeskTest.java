package org.consilium.site.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.consilium.site.work.MaskScene.EAST;

import java.nio.file.Path;
import org.consilium.proto.v1.MaskSubmission.KindCase;
import org.consilium.protocol.RoundTask;
import org.consilium.site.masking.MaskDesk;
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
}
