package org.consilium.site.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import org.consilium.protocol.Digest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class EgressLedgerTest {
  private static final Instant NOW = Instant.parse("2026-06-01T12:00:00Z");

  @TempDir Path folder;

  @Test
  void record_entries_areReadBackCountedAndVerified() throws IOException {
    Path file = folder.resolve("ledger.jsonl");
    try (EgressLedger ledger = EgressLedger.open(file, InstantSource.fixed(NOW), _ -> {})) {
      ledger.record(entry(EgressEntry.Kind.MANIFEST, 1, 200));
      ledger.record(entry(EgressEntry.Kind.UPDATE, 1, 4000));
    }
    Instant soon = NOW.plusSeconds(3600);
    try (EgressLedger ledger = EgressLedger.open(file, InstantSource.fixed(soon), _ -> {})) {
      assertThat(ledger.updateBytesToday(Digest.sha256(new byte[] {1}))).isEqualTo(4000);
      assertThat(ledger.updateBytesToday(Digest.sha256(new byte[] {2}))).isZero();
      assertThat(ledger.updateBytesToday()).isEqualTo(4000);
    }
    Instant dayAfter = NOW.plusSeconds(90_000);
    try (EgressLedger ledger = EgressLedger.open(file, InstantSource.fixed(dayAfter), _ -> {})) {
      assertThat(ledger.updateBytesToday()).isZero();
    }

    assertThat(LedgerFile.verify(file).intact()).isTrue();
    assertThat(LedgerFile.csv(LedgerFile.read(file)).lines())
        .hasSize(3)
        .element(2)
        .asString()
        .startsWith("1,2026-06-01T12:00:00Z,update,mri-demo,1,4000,");
  }

  @Test
  void badInput_47_formulaeAndControlCharactersInTheExport_areHarmless() {
    String study = "\t=cmd|' /C calc'!A0";
    String readers = "\u001b[31m\r\n@SUM(1)\u202e";
    LedgerLine line =
        new LedgerLine(
            0, NOW, "update", Map.of("study", study, "readers", readers, "bytes", 1), "");

    String csv = LedgerFile.csv(List.of(line));

    assertThat(csv.lines()).hasSize(2);
    assertThat(csv)
        .contains("\"'=cmd|' /C calc'!A0\"")
        .contains("\"'@SUM(1)\"")
        .doesNotContain("\t", "\r", "\u001b", "\u202e");
  }

  @Test
  void verify_oneDigitChanged_namesTheEntry() throws IOException {
    Path file = folder.resolve("ledger.jsonl");
    try (EgressLedger ledger = EgressLedger.open(file, InstantSource.fixed(NOW), _ -> {})) {
      for (int round = 1; round <= 3; round++) {
        ledger.record(entry(EgressEntry.Kind.UPDATE, round, 4000));
      }
    }
    Files.writeString(file, Files.readString(file).replaceFirst("\"round\":2", "\"round\":9"));

    assertThat(LedgerFile.verify(file).firstBad()).hasValue(1);
  }

  private static EgressEntry entry(EgressEntry.Kind kind, int round, long bytes) {
    return new EgressEntry(
        kind, "mri-demo", round, bytes, Digest.sha256(new byte[] {1}), "coordinator", 1.5);
  }
}
