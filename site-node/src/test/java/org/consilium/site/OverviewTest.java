package org.consilium.site;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import org.consilium.protocol.Digest;
import org.consilium.site.ledger.EgressEntry;
import org.consilium.site.ledger.EgressLedger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A node does not go on without the record of what left it. */
final class OverviewTest {
  @TempDir Path folder;

  private StateFolder state;
  private Overview overview;

  @BeforeEach
  void record() throws IOException {
    state = new StateFolder(folder);
    overview = new Overview(state, InstantSource.system());
    try (EgressLedger ledger = EgressLedger.open(state.ledger(), InstantSource.system(), _ -> {})) {
      for (int round = 1; round <= 3; round++) {
        ledger.record(
            new EgressEntry(
                EgressEntry.Kind.UPDATE, "mri", round, 70, Digest.sha256(new byte[0]), "all", 0));
      }
    }
  }

  @Test
  void requireRecord_wholeLedger_isFine() {
    assertThatCode(overview::requireRecord).doesNotThrowAnyException();
  }

  @Test
  void requireRecord_lineChanged_isRefusedByItsNumber() throws IOException {
    String text = Files.readString(state.ledger());
    Files.writeString(state.ledger(), text.replace("\"round\":2", "\"round\":9"));

    assertThatThrownBy(overview::requireRecord)
        .isInstanceOf(Failure.class)
        .hasMessage("ledger: entry 1 is not intact; 1 entries before it are");
  }
}
