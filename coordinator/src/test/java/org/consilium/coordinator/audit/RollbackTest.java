package org.consilium.coordinator.audit;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.consilium.coordinator.journal.Journal;
import org.consilium.protocol.SiteId;
import org.consilium.security.audit.MerkleTree.Head;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** F13: yesterday's backup, told by what hospitals have seen since. */
final class RollbackTest {
  private static final SiteId NORTH = new SiteId("north");
  private static final SiteId SOUTH = new SiteId("south");

  @TempDir Path folder;
  private final List<String> told = new ArrayList<>();

  @Test
  void f13_twoSitesHaveSeenMore_isToldOnceAndNothingIsSignedAnyMore() throws Exception {
    Keeping keeping = new Keeping(folder);
    try (Journal yesterday = keeping.journal(folder.resolve("yesterday"))) {
      keeping.append(yesterday, "e", 3);
      Head newer;
      try (Journal today = keeping.journal(folder.resolve("today"))) {
        keeping.append(today, "e", 5);
        AuditLog log = keeping.log(folder.resolve("today"), today);
        newer = log.checkpoint().orElseThrow().head();
        log.close();
      }
      try (AuditLog log = keeping.log(folder.resolve("yesterday"), yesterday)) {
        log.onRollback(told::add);

        log.claimed(NORTH, newer);
        assertThat(told).isEmpty();
        assertThat(log.checkpoint()).isPresent();
        log.claimed(SOUTH, newer);
        log.claimed(SOUTH, newer);

        assertThat(told).hasSize(1);
        assertThat(told.getFirst()).contains("3 entries", "north=5", "south=5");
        keeping.append(yesterday, "f", 1);
        assertThat(log.checkpoint()).isEmpty();
        assertThat(log.status().trouble()).isPresent();
      }
    }
  }

  /** One site alone, mistaken or lying, stops nothing, however often it says so. */
  @Test
  void f13_oneSiteSaysMore_isNotBelieved() throws Exception {
    Keeping keeping = new Keeping(folder);
    try (Journal journal = keeping.journal(folder.resolve("j"))) {
      keeping.append(journal, "e", 3);
      try (AuditLog log = keeping.log(folder.resolve("j"), journal)) {
        log.onRollback(told::add);
        Head much = new Head(1_000, log.checkpoint().orElseThrow().head().root());
        Head right = log.status().latest().orElseThrow().head();

        log.claimed(NORTH, much);
        log.claimed(NORTH, much);
        log.claimed(SOUTH, right);
        log.claimed(NORTH, right);
        log.claimed(SOUTH, much);

        assertThat(told).isEmpty();
        assertThat(log.status().trouble()).isEmpty();
      }
    }
  }
}
