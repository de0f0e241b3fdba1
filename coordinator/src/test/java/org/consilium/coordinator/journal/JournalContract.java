package org.consilium.coordinator.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.consilium.protocol.Digest;
import org.consilium.security.audit.ChainHash;
import org.consilium.security.identity.Fingerprint;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every journal must do. */
abstract class JournalContract {
  static final Instant NOW = Instant.parse("2026-03-01T10:00:00.123456Z");

  Journal journal;

  /** An empty journal. */
  abstract Journal fresh(InstantSource clock) throws Exception;

  @BeforeEach
  void openJournal() throws Exception {
    journal = fresh(() -> NOW);
  }

  @AfterEach
  void closeJournal() {
    journal.close();
  }

  static JournalEntry.Event event(String stream, String key) {
    return new JournalEntry.Event(
        stream,
        "Tested",
        key,
        ("body of " + key).getBytes(StandardCharsets.UTF_8),
        Actors.administrator().about(Digest.sha256(new byte[] {1}).bytes()));
  }

  List<JournalEntry> all(String stream) throws Exception {
    List<JournalEntry> entries = new ArrayList<>();
    journal.replay(stream, entries::add);
    return entries;
  }

  @Test
  void append_twoStreams_replaysEachInOrder() throws Exception {
    List<JournalEntry> first =
        journal.append(List.of(event("study:one", "a"), event("study:two", "a")));
    journal.append(List.of(event("study:one", "b")));

    assertThat(first).extracting(JournalEntry::sequence).containsExactly(1L, 2L);
    assertThat(all("study:one"))
        .containsExactly(
            new JournalEntry(1, NOW, event("study:one", "a")),
            new JournalEntry(3, NOW, event("study:one", "b")));
  }

  @Test
  void append_keySeenBefore_writesNothingOfTheBatch() throws Exception {
    journal.append(List.of(event("s", "a")));

    assertThatThrownBy(() -> journal.append(List.of(event("s", "new"), event("s", "a"))))
        .isInstanceOf(JournalConflict.class)
        .hasMessageContaining("a");

    assertThat(all("s")).hasSize(1);
    assertThat(journal.append(List.of(event("s", "new"))).getFirst().sequence()).isEqualTo(2);
  }

  @Test
  void append_sameKeyTwiceInOneBatch_conflicts() {
    assertThatThrownBy(() -> journal.append(List.of(event("s", "a"), event("s", "a"))))
        .isInstanceOf(JournalConflict.class);
  }

  @Test
  void append_sameKeyFromManyThreads_exactlyOneWins() throws Exception {
    List<Callable<Boolean>> racers = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      racers.add(
          () -> {
            try {
              journal.append(List.of(event("s", "token")));
              return true;
            } catch (JournalConflict lost) {
              return false;
            }
          });
    }

    int won = 0;
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<Boolean> racer : threads.invokeAll(racers)) {
        won += racer.get() ? 1 : 0;
      }
    }

    assertThat(won).isEqualTo(1);
    assertThat(all("s")).hasSize(1);
  }

  @Test
  void streams_prefix_listsSortedWithoutOthers() throws Exception {
    journal.append(List.of(event("study:b", "1"), event("consortium", "1"), event("study:a", "1")));

    assertThat(journal.streams("study:")).containsExactly("study:a", "study:b");
  }

  @Test
  void firstBadEntry_untouched_isZero() throws Exception {
    journal.append(List.of(event("s", "a"), event("s", "b")));

    assertThat(journal.firstBadEntry()).isZero();
  }

  @Test
  void append_nobodyDidIt_isRefused() throws Exception {
    JournalEntry.Event nobody =
        new JournalEntry.Event("s", "Tested", "a", new byte[0], Optional.empty());

    assertThatThrownBy(() -> journal.append(List.of(nobody)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("names no actor");
    assertThat(journal.append(List.of(event("s", "a"))).getFirst().sequence()).isEqualTo(1);
  }

  @Test
  void walk_allStreams_eachHashIsThatOfItsAuditEntryOverTheOneBefore() throws Exception {
    journal.append(List.of(event("s", "a"), event("t", "b")));
    journal.append(List.of(event("s", "c")));
    List<JournalEntry.Stored> stored = new ArrayList<>();
    List<Fingerprint> hashes = new ArrayList<>();

    journal.walk(0, stored::add);
    journal.hashes(0, 2, hashes::add);

    byte[] previous = ChainHash.origin();
    for (JournalEntry.Stored one : stored) {
      assertThat(one.previous()).isEqualTo(previous);
      previous = one.entry().audit().orElseThrow().hash(previous);
      assertThat(one.hash()).isEqualTo(previous);
    }
    assertThat(stored).extracting(s -> s.entry().event().key()).containsExactly("a", "b", "c");
    assertThat(hashes)
        .containsExactly(
            new Fingerprint(stored.get(0).hash()), new Fingerprint(stored.get(1).hash()));
  }
}
