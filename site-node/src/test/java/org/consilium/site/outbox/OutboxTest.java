package org.consilium.site.outbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.TensorSpec;
import org.consilium.protocol.RoundTask;
import org.consilium.site.protect.Assignment;
import org.consilium.site.protect.Consortium;
import org.consilium.site.protect.Protection;
import org.consilium.site.protect.SealedUpdate;
import org.consilium.site.protect.UpdateProtector;
import org.consilium.site.train.PlainDeltas;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class OutboxTest {
  private static final ParameterLayout LAYOUT =
      ParameterLayout.of(List.of(TensorSpec.of("a.weight", 500)));

  @TempDir Path folder;
  private Consortium consortium;
  private RoundTask task;
  private Outbox outbox;

  @BeforeEach
  void fill() throws IOException {
    consortium = new Consortium(folder.resolve("ca"));
    task = consortium.task(LAYOUT, 1);
    outbox = reopened();
  }

  @Test
  void find_afterRestart_givesTheSameBytes() throws IOException {
    SealedUpdate update = put();
    byte[] sealed = Files.readAllBytes(update.spool());

    SealedUpdate found = reopened().find(task).orElseThrow();

    assertThat(found.body()).isEqualTo(update.body());
    assertThat(found.signature()).isEqualTo(update.signature());
    assertThat(Files.readAllBytes(found.spool())).isEqualTo(sealed);
  }

  @Test
  void find_manifestTruncatedAtAnyByte_isADraftThatIsThrownAway() throws IOException {
    Path manifest = put().spool().resolveSibling("update.manifest");
    byte[] whole = Files.readAllBytes(manifest);

    for (int length = 0; length < whole.length; length++) {
      assertThat(ManifestFrame.decode(Arrays.copyOf(whole, length)))
          .as("first %d bytes", length)
          .isEmpty();
    }
    Files.write(manifest, Arrays.copyOf(whole, whole.length / 2));

    assertThat(reopened().find(task)).isEmpty();
    assertThat(outbox.size()).isZero();
  }

  @Test
  void find_spoolWithoutManifest_isADraftThatIsThrownAway() throws IOException {
    Files.write(outbox.draft(task), new byte[] {1, 2, 3});

    Optional<SealedUpdate> found = reopened().find(task);

    assertThat(found).isEmpty();
    assertThat(outbox.size()).isZero();
  }

  @Test
  void find_oneByteOfTheSpoolChanged_isThrownAway() throws IOException {
    Path spool = put().spool();
    byte[] sealed = Files.readAllBytes(spool);
    sealed[sealed.length / 2] ^= 1;
    Files.write(spool, sealed);

    assertThat(reopened().find(task)).isEmpty();
  }

  @Test
  void find_anotherAttempt_isThrownAway() throws IOException {
    put();

    assertThat(outbox.find(consortium.task(LAYOUT, 2))).isEmpty();
  }

  private Outbox reopened() throws IOException {
    return Outbox.open(folder.resolve("outbox"), consortium.north().key().verifyingKey());
  }

  @Test
  void put_diskDoesNotKeepTheManifest_leavesNothingToFind() throws IOException {
    SealedUpdate update = made();
    Path taken = update.spool().resolveSibling("update.manifest");
    Files.createDirectories(taken.resolve("no file")); // a folder that no file can replace

    assertThatThrownBy(() -> outbox.put(update)).isInstanceOf(IOException.class);

    assertThat(outbox.size()).isZero();
    assertThat(reopened().find(task)).isEmpty();
  }

  private SealedUpdate put() throws IOException {
    SealedUpdate update = made();
    outbox.put(update);
    return update;
  }

  private SealedUpdate made() throws IOException {
    Protection result =
        new UpdateProtector(consortium.north(), consortium.chains(), 1)
            .protect(
                PlainDeltas.trained(LAYOUT, new float[500]),
                new Assignment(
                    task, Consortium.plan(), 80, 2, Optional.empty(), outbox.draft(task)));
    return ((Protection.Sealed) result).update();
  }
}
