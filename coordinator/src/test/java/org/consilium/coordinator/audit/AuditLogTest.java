package org.consilium.coordinator.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.consilium.coordinator.journal.Actors;
import org.consilium.coordinator.journal.Journal;
import org.consilium.coordinator.journal.JournalEntry;
import org.consilium.protocol.SiteId;
import org.consilium.security.audit.MerkleFrontier;
import org.consilium.security.audit.MerkleTree;
import org.consilium.security.audit.MerkleTree.Head;
import org.consilium.security.identity.Credential;
import org.consilium.security.witness.Checkpoint;
import org.consilium.security.witness.CheckpointRefused;
import org.consilium.security.witness.SignedCheckpoint;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Real journals on disk, changed by hand; real keys and certificates. */
final class AuditLogTest {
  @TempDir Path folder;
  private Keeping keeping;

  @BeforeEach
  void makeKeys() throws Exception {
    keeping = new Keeping(folder);
  }

  @Test
  void checkpoint_nothingNew_isNotMadeTwice() throws Exception {
    try (Journal journal = keeping.journal(folder);
        AuditLog log = keeping.log(folder, journal)) {
      assertThat(log.checkpoint()).isEmpty();
      keeping.append(journal, "a", 3);

      assertThat(log.checkpoint().map(c -> c.head().size())).contains(3L);
      assertThat(log.checkpoint()).isEmpty();
      assertThat(log.status().trouble()).isEmpty();
    }
  }

  @Test
  void open_again_goesOnAndProvesThatItContinues() throws Exception {
    Head before;
    try (Journal journal = keeping.journal(folder);
        AuditLog log = keeping.log(folder, journal)) {
      keeping.append(journal, "a", 300);
      before = log.checkpoint().orElseThrow().head();
    }

    try (Journal journal = keeping.journal(folder);
        AuditLog log = keeping.log(folder, journal)) {
      keeping.append(journal, "b", 5);
      Checkpoint now = log.checkpoint().orElseThrow();
      AuditLog.Offer offer = log.offer(before).orElseThrow();

      assertThat(now.head().size()).isEqualTo(305);
      assertThat(MerkleTree.continues(before, now.head(), offer.proof())).isTrue();
      assertThat(log.offer(now.head())).isEmpty();
    }
  }

  @Test
  void verify_cosignedLog_isWholeAndNamesWhoCosigned() throws Exception {
    Credential north = keeping.site("north");
    try (Journal journal = keeping.journal(folder);
        AuditLog log = keeping.log(folder, journal)) {
      keeping.append(journal, "a", 10);
      SignedCheckpoint signed = signed(log);
      log.cosign(new SiteId("north"), 10, keeping.cosign(signed, north));
      keeping.append(journal, "b", 2);

      Verdict verdict = keeping.verify(Keeping.bundle(log));

      assertThat(verdict.findings()).isEmpty();
      assertThat(verdict.entries()).isEqualTo(12);
      assertThat(verdict.checkpoints()).isEqualTo(1);
      assertThat(verdict.uncovered()).isEqualTo(2);
      assertThat(verdict.cosigned()).containsExactly(java.util.Map.entry("north", 10L));
      assertThat(log.status().cosigned()).containsEntry("north", 10L);
    }
  }

  @Test
  void cosign_inAnothersName_doesNotCount() throws Exception {
    try (Journal journal = keeping.journal(folder);
        AuditLog log = keeping.log(folder, journal)) {
      keeping.append(journal, "a", 2);
      SignedCheckpoint signed = signed(log);

      assertThatThrownBy(
              () ->
                  log.cosign(new SiteId("south"), 2, keeping.cosign(signed, keeping.site("north"))))
          .isInstanceOf(CheckpointRefused.class)
          .hasMessageContaining("site south sent a cosignature of site north");
      assertThat(log.status().cosigned()).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "update journal set body = x'00' where sequence = 4, 4",
    "update journal set actor = 'site/south' where sequence = 4, 4",
    "update journal set actor = null where sequence = 4, 4",
    "update journal set subject = null where sequence = 4, 4",
    "update journal set appended_micros = 1 where sequence = 4, 4",
    "delete from journal where sequence = 4, 4",
    "swap 4 and 5, 4",
    "delete from journal where sequence > 7, 8",
  })
  void badInput_59_editedDeletedReorderedTruncated_firstBadIsNamed(String tampering, long bad)
      throws Exception {
    try (Journal journal = keeping.journal(folder);
        AuditLog log = keeping.log(folder, journal)) {
      keeping.append(journal, "a", 10);
      log.checkpoint();
    }
    if (tampering.startsWith("swap")) {
      Keeping.tamper(
          folder,
          "update journal set sequence = 1000 where sequence = 4",
          "update journal set sequence = 4 where sequence = 5",
          "update journal set sequence = 5 where sequence = 1000");
    } else {
      Keeping.tamper(folder, tampering);
    }

    try (Journal journal = keeping.journal(folder);
        AuditLog log = keeping.log(folder, journal)) {
      Verdict verdict = keeping.verify(Keeping.bundle(log));

      assertThat(verdict.whole()).isFalse();
      assertThat(verdict.firstBad().orElseThrow().first()).isEqualTo(bad);
    }
  }

  @Test
  void badInput_59_rewrittenWithANewChain_isFoundBetweenTwoCheckpoints() throws Exception {
    try (Journal journal = keeping.journal(folder);
        AuditLog log = keeping.log(folder, journal)) {
      keeping.append(journal, "a", 3);
      log.checkpoint();
      keeping.append(journal, "b", 4);
      log.checkpoint();
    }
    Path forged = Files.createDirectory(folder.resolve("forged"));
    keeping.time = Keeping.NOW;
    try (Journal journal = keeping.journal(forged)) {
      keeping.append(journal, "a", 3);
      keeping.append(journal, "other", 4);
      assertThat(journal.firstBadEntry()).isZero();
      Files.createDirectory(forged.resolve("audit"));
      Files.copy(
          folder.resolve("audit/checkpoints.jsonl"), forged.resolve("audit/checkpoints.jsonl"));

      try (AuditLog log = keeping.log(forged, journal)) {
        Verdict verdict = keeping.verify(Keeping.bundle(log));

        assertThat(log.status().trouble().orElseThrow()).contains("one was changed");
        assertThat(verdict.findings())
            .singleElement()
            .satisfies(f -> assertThat(List.of(f.first(), f.last())).containsExactly(4L, 7L));
      }
    }
  }

  @Test
  void badInput_59_oldBackupRestored_nothingIsSignedAndVerifyTells() throws Exception {
    try (Journal journal = keeping.journal(folder);
        AuditLog log = keeping.log(folder, journal)) {
      keeping.append(journal, "a", 4);
      log.checkpoint();
    }
    Path backup = folder.resolve("backup.mv.db");
    Files.copy(folder.resolve("journal.mv.db"), backup);
    Head cosigned;
    try (Journal journal = keeping.journal(folder);
        AuditLog log = keeping.log(folder, journal)) {
      keeping.append(journal, "b", 4);
      cosigned = log.checkpoint().orElseThrow().head();
    }
    Files.copy(backup, folder.resolve("journal.mv.db"), StandardCopyOption.REPLACE_EXISTING);

    try (Journal journal = keeping.journal(folder);
        AuditLog log = keeping.log(folder, journal)) {
      keeping.append(journal, "c", 9);

      assertThat(log.status().trouble().orElseThrow()).contains("an old copy was put back");
      assertThat(log.checkpoint()).isEmpty();
      // What a site is offered then proves nothing to it: it refuses.
      assertThat(log.offer(MerkleFrontier.empty().head()).orElseThrow().proof()).isEmpty();
      assertThat(log.offer(cosigned)).isEmpty();
      Verdict verdict = keeping.verify(Keeping.bundle(log));
      assertThat(verdict.firstBad().orElseThrow().first()).isEqualTo(5);
    }
  }

  @Test
  void badInput_59_oldBackupOfEverythingRestored_aSitesCheckpointTells() throws Exception {
    Path hospital = Files.createDirectory(folder.resolve("hospital"));
    SignedCheckpoint kept;
    try (Journal journal = keeping.journal(hospital);
        AuditLog log = keeping.log(hospital, journal)) {
      keeping.append(journal, "a", 8);
      kept = signed(log);
    }
    keeping.time = Keeping.NOW;
    try (Journal journal = keeping.journal(folder);
        AuditLog log = keeping.log(folder, journal)) {
      keeping.append(journal, "a", 5);
      log.checkpoint();

      Verdict alone = keeping.verify(Keeping.bundle(log));
      Verdict compared =
          keeping.verify(Keeping.bundle(log), new BundleVerifier.Kept("north.txt", kept));

      assertThat(alone.whole()).isTrue();
      assertThat(compared.firstBad().orElseThrow().first()).isEqualTo(6);
      assertThat(compared.findings().getFirst().detail()).contains("north.txt").contains("has 8");
    }
  }

  @Test
  void badInput_59_forked_theOtherSitesCheckpointTells() throws Exception {
    Path other = Files.createDirectory(folder.resolve("other"));
    SignedCheckpoint shownToSouth;
    try (Journal journal = keeping.journal(other);
        AuditLog log = keeping.log(other, journal)) {
      keeping.append(journal, "a", 3);
      keeping.append(journal, "for south", 3);
      shownToSouth = signed(log);
    }
    keeping.time = Keeping.NOW;
    try (Journal journal = keeping.journal(folder);
        AuditLog log = keeping.log(folder, journal)) {
      keeping.append(journal, "a", 3);
      log.checkpoint();
      keeping.append(journal, "for north", 3);
      SignedCheckpoint shownToNorth = signed(log);

      Verdict verdict =
          keeping.verify(
              Keeping.bundle(log),
              new BundleVerifier.Kept("north.txt", shownToNorth),
              new BundleVerifier.Kept("south.txt", shownToSouth));

      assertThat(verdict.findings())
          .singleElement()
          .satisfies(
              f -> {
                assertThat(f.first()).isEqualTo(4);
                assertThat(f.detail()).startsWith("south.txt of 6 entries");
              });
    }
  }

  @Test
  void badInput_59_signerKeyReplaced_isRefused() throws Exception {
    Path elsewhere = Files.createDirectory(folder.resolve("elsewhere"));
    Keeping strangers = new Keeping(elsewhere);
    try (Journal journal = keeping.journal(folder);
        AuditLog log = strangers.log(folder, journal)) {
      keeping.append(journal, "a", 3);
      log.checkpoint();
    }

    try (Journal journal = keeping.journal(folder);
        AuditLog log = keeping.log(folder, journal)) {
      Verdict verdict = keeping.verify(Keeping.bundle(log));

      assertThat(log.status().trouble().orElseThrow()).contains("certificate chain refused");
      assertThat(verdict.whole()).isFalse();
      assertThat(verdict.checkpoints()).isZero();
      assertThat(verdict.findings().getFirst().detail()).contains("certificate chain refused");
    }
  }

  private static SignedCheckpoint signed(AuditLog log) throws Exception {
    log.checkpoint();
    return log.offer(MerkleFrontier.empty().head()).orElseThrow().checkpoint();
  }

  @Test
  void badInput_60_clockGoesBackAndUnicode_orderBySequenceHolds() throws Exception {
    try (Journal journal = keeping.journal(folder);
        AuditLog log = keeping.log(folder, journal)) {
      keeping.append(journal, "中文\u202e😀/", 3);
      keeping.time = Keeping.NOW.minusSeconds(120);
      journal.append(List.of(Keeping.event("earlier")));
      log.checkpoint();
      List<Long> order = new ArrayList<>();

      journal.walk(0, stored -> order.add(stored.entry().sequence()));

      assertThat(order).containsExactly(1L, 2L, 3L, 4L);
      assertThat(keeping.verify(Keeping.bundle(log)).findings()).isEmpty();
    }
  }

  @Test
  void badInput_60_payloadOverSize_isRefusedAndWritesNothing() throws Exception {
    try (Journal journal = keeping.journal(folder);
        AuditLog log = keeping.log(folder, journal)) {
      keeping.append(journal, "a", 1);
      JournalEntry.Event huge =
          new JournalEntry.Event(
              "study:one", "Tested", "huge", new byte[(16 << 20) + 1], Actors.coordinator());
      JournalEntry.Event large =
          new JournalEntry.Event(
              "study:one", "Tested", "large", new byte[1 << 20], Actors.coordinator());

      assertThatThrownBy(() -> journal.append(List.of(huge)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("at most 16777216");
      journal.append(List.of(large));

      byte[] bundle = Keeping.bundle(log);
      assertThat(keeping.verify(bundle).findings()).isEmpty();
      assertThat(keeping.verify(bundle).entries()).isEqualTo(2);
      assertThat(bundle.length).as("holds no payload").isLessThan(10_000);
    }
  }

  @Test
  @Tag("slow")
  void badInput_60_aMillionEventsInABurst_chainAndTreeHold() throws Exception {
    try (Journal journal = keeping.journal(folder);
        AuditLog log = keeping.log(folder, journal)) {
      for (int batch = 0; batch < 200; batch++) {
        List<JournalEntry.Event> events = new ArrayList<>();
        for (int i = 0; i < 5000; i++) {
          events.add(Keeping.event("burst/%d/%d".formatted(batch, i)));
        }
        journal.append(events);
        if (batch % 50 == 0) {
          log.checkpoint();
        }
      }
      log.checkpoint();
      Path file = folder.resolve("burst.audit");
      try (OutputStream out = Files.newOutputStream(file)) {
        log.export(out);
      }

      Verdict verdict;
      try (InputStream in = Files.newInputStream(file)) {
        verdict = BundleVerifier.verify(in, Optional.empty(), List.of());
      }

      assertThat(verdict.findings()).isEmpty();
      assertThat(verdict.entries()).isEqualTo(1_000_000);
      assertThat(verdict.uncovered()).isZero();
      assertThat(verdict.checkpoints()).isEqualTo(5);
    }
  }
}
