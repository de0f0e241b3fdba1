package org.consilium.site.work;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.StudyId;
import org.junit.jupiter.api.Test;

final class HeldTasksTest {
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

  private final HeldTasks held = new HeldTasks(2);

  /** F5: what comes behind its successor does not take its place. */
  @Test
  void f5_taskBehindItsSuccessor_isNothing() {
    assertThat(held.put(task("lung", 2, 2), NOW)).isTrue();

    assertThat(held.put(task("lung", 2, 1), NOW)).isTrue();
    assertThat(held.put(task("lung", 1, 3), NOW)).isTrue();

    assertThat(held.take()).extracting(HeldTasks.Held::task).containsExactly(task("lung", 2, 2));
    assertThat(held.put(task("lung", 2, 1), NOW)).isTrue();
    assertThat(held.take()).isEmpty();
  }

  @Test
  void laterAttemptOrRound_takesThePlace() {
    assertThat(held.put(task("lung", 1, 1), NOW)).isTrue();
    assertThat(held.put(task("lung", 1, 2), NOW)).isTrue();
    assertThat(held.put(task("heart", 1, 1), NOW)).isTrue();
    assertThat(held.put(task("lung", 2, 1), NOW)).isTrue();

    assertThat(held.take())
        .extracting(HeldTasks.Held::task)
        .containsExactlyInAnyOrder(task("lung", 2, 1), task("heart", 1, 1));
  }

  private static RoundTask task(String study, int round, int attempt) {
    Digest digest = Digest.sha256(new byte[] {1});
    return new RoundTask(
        RoundTask.Kind.VALIDATE,
        new StudyId(study),
        digest,
        round,
        attempt,
        0,
        new RoundTask.ModelReference(new ModelVersion(digest), 100, digest),
        Duration.ofMinutes(1),
        Optional.empty());
  }
}
