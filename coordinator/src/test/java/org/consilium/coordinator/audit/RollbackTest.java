package org.consilium.coordinator.audit;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.consilium.coordinator.audit.Rollback.Seen;
import org.consilium.coordinator.journal.Journal;
import org.consilium.protocol.SiteId;
import org.consilium.security.audit.MerkleTree.Head;
import org.consilium.security.witness.Checkpoint;
import org.consilium.security.witness.SignedCheckpoint;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** F13: yesterday's backup, told by what hospitals have seen since. */
final class RollbackTest {
  private static final SiteId NORTH = new SiteId("north");
  private static final SiteId SOUTH = new SiteId("south");

  @TempDir Path folder;
  private final List<Rollback> told = new ArrayList<>();
  private Keeping keeping;

  @BeforeEach
  void makeKeys() throws Exception {
    keeping = new Keeping(folder);
  }

  @Test
  void f13_oneSiteProvesMore_isToldOnceAndNothingIsSignedAnyMore() throws Exception {
    SignedCheckpoint newer = today(5);
    try (Journal yesterday = yesterday();
        AuditLog log = keeping.log(folder.resolve("yesterday"), yesterday)) {
      log.onRollback(List.of(), told::add);
      assertThat(log.checkpoint()).isPresent();

      log.claimed(NORTH, head(newer), Optional.of(newer));
      log.claimed(NORTH, head(newer), Optional.of(newer));
      log.claimed(SOUTH, head(newer), Optional.of(newer));

      assertThat(told).hasSize(1);
      assertThat(told.getFirst().why())
          .contains("3 entries", "hospitals have seen more", "north", "of 5 entries");
      keeping.append(yesterday, "f", 1);
      assertThat(log.checkpoint()).isEmpty();
      assertThat(log.status().trouble()).contains(told.getFirst().why());
    }
  }

  /** Sites, mistaken or lying, stop nothing, however many they are and how often they say so. */
  @Test
  void f13_anyNumberOfSitesSayMoreWithoutProof_goesOn() throws Exception {
    try (Journal journal = yesterday();
        AuditLog log = keeping.log(folder.resolve("yesterday"), journal)) {
      log.onRollback(List.of(), told::add);
      Head right = log.checkpoint().orElseThrow().head();
      SignedCheckpoint genuine = Keeping.checkpoints(folder.resolve("yesterday")).getLast();
      Head much = new Head(1_000, right.root());

      for (int i = 0; i < 20; i++) {
        log.claimed(new SiteId("site-" + i), much, Optional.empty());
        log.claimed(new SiteId("site-" + i), much, Optional.of(genuine));
        log.claimed(new SiteId("site-" + i), right, Optional.of(genuine));
      }

      assertThat(told).isEmpty();
      assertThat(log.status().trouble()).isEmpty();
      keeping.append(journal, "f", 1);
      assertThat(log.checkpoint()).isPresent();
    }
  }

  @Test
  void f13_peopleAcceptedWhatWasLost_goesOnUntilMoreIsProven() throws Exception {
    SignedCheckpoint accepted = today(5);
    SignedCheckpoint more = today(7);
    try (Journal yesterday = yesterday();
        AuditLog log = keeping.log(folder.resolve("yesterday"), yesterday)) {
      log.onRollback(List.of(seen(accepted)), told::add);

      log.claimed(NORTH, head(accepted), Optional.of(accepted));
      log.claimed(SOUTH, head(accepted), Optional.of(accepted));
      assertThat(told).isEmpty();
      assertThat(log.checkpoint()).isPresent();
      log.claimed(SOUTH, head(more), Optional.of(more));

      assertThat(told).hasSize(1);
      assertThat(told.getFirst().lost()).containsExactly(seen(more));
      assertThat(log.status().trouble()).isPresent();
    }
  }

  /** The journal that was lost: of the same beginning as {@link #yesterday}, and longer. */
  private SignedCheckpoint today(int entries) throws Exception {
    Path place = folder.resolve("today-" + entries);
    keeping.time = Keeping.NOW;
    try (Journal journal = keeping.journal(place);
        AuditLog log = keeping.log(place, journal)) {
      keeping.append(journal, "e", entries);
      assertThat(log.checkpoint()).isPresent();
    }
    return Keeping.checkpoints(place).getLast();
  }

  /** The journal of 3 entries that was put back. */
  private Journal yesterday() throws Exception {
    keeping.time = Keeping.NOW;
    Journal journal = keeping.journal(folder.resolve("yesterday"));
    keeping.append(journal, "e", 3);
    return journal;
  }

  private static Head head(SignedCheckpoint signed) throws Exception {
    return Checkpoint.parse(signed.body()).head();
  }

  private static Seen seen(SignedCheckpoint signed) throws Exception {
    Checkpoint checkpoint = Checkpoint.parse(signed.body());
    return new Seen(checkpoint.head(), checkpoint.time());
  }
}
