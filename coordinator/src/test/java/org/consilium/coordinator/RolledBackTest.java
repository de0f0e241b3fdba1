package org.consilium.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.consilium.coordinator.audit.Rollback;
import org.consilium.coordinator.audit.Rollback.Seen;
import org.consilium.security.audit.MerkleTree.Head;
import org.consilium.security.identity.Fingerprint;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The file that ends a coordinator, and what renaming it accepts. */
final class RolledBackTest {
  private static final Seen FIVE = seen(5, "2026-11-29T06:00:05Z");
  private static final Seen SEVEN = seen(7, "2026-11-29T06:00:07.125Z");

  @TempDir Path state;

  @Test
  void note_thenCheck_refusesAStartWithTheReasonAlone() throws Exception {
    RolledBack.check(state);

    RolledBack.note(state, new Rollback("hospitals have seen more", List.of(FIVE)));

    assertThatThrownBy(() -> RolledBack.check(state))
        .isInstanceOf(RolledBack.class)
        .hasMessage("hospitals have seen more");
    assertThat(RolledBack.accepted(state)).isEmpty();
  }

  @Test
  void note_renamed_acceptsWhatItNames() throws Exception {
    RolledBack.note(state, new Rollback("why", List.of(FIVE)));
    RolledBack.note(state, new Rollback("why", List.of(FIVE, SEVEN)));

    rename();

    RolledBack.check(state);
    assertThat(RolledBack.accepted(state)).containsExactly(FIVE, SEVEN);
  }

  @Test
  void accepted_fileOfAnEarlierVersion_acceptsNothing() throws Exception {
    Files.writeString(
        state.resolve("rolled-back"), "the journal has 3 entries; hospitals have seen more\n");

    rename();

    assertThat(RolledBack.accepted(state)).isEmpty();
  }

  @Test
  void accepted_lineThatIsDamaged_isRefusedAndNamed() throws Exception {
    String rootOfNothing = "seen 0 %s 2026-11-29T06:00:05Z".formatted("ab".repeat(32));
    for (String damaged : List.of("seen 5", rootOfNothing)) {
      Files.writeString(state.resolve("rolled-back.accepted"), "why\n" + damaged + "\n");

      assertThatThrownBy(() -> RolledBack.accepted(state))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("rolled-back.accepted");
    }
  }

  private void rename() throws IOException {
    Files.move(state.resolve("rolled-back"), state.resolve("rolled-back.accepted"));
  }

  private static Seen seen(long size, String time) {
    return new Seen(
        new Head(size, Fingerprint.sha256(new byte[] {(byte) size})), Instant.parse(time));
  }
}
