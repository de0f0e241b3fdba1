package org.consilium.coordinator.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.sql.Connection;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.consilium.coordinator.database.Database;
import org.consilium.coordinator.database.LeaderLease;
import org.consilium.coordinator.database.LeaseLost;
import org.consilium.coordinator.database.PostgresServer;
import org.consilium.security.identity.Fingerprint;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The contract on a PostgreSQL server started for the test, and what befalls one: F7 and F14. */
@Tag("postgres")
final class PostgresJournalTest extends JournalContract {
  private static final LeaderLease.Terms TERMS =
      new LeaderLease.Terms(Duration.ofMinutes(1), System::nanoTime);
  private static final String CUT =
      "select pg_terminate_backend(pid) from pg_stat_activity"
          + " where datname = current_database() and pid <> pg_backend_pid()";

  private static Optional<PostgresServer> running = Optional.empty();
  private final List<Database> opened = new ArrayList<>();

  @BeforeAll
  static void startServer() throws Exception {
    running = Optional.of(PostgresServer.start());
  }

  @AfterAll
  static void stopServer() throws Exception {
    if (running.isPresent()) {
      running.get().close();
    }
  }

  @AfterEach
  void closeDatabases() {
    journal.close();
    opened.forEach(Database::close);
  }

  @Override
  Journal fresh(InstantSource clock) throws Exception {
    return journal(server().fresh(), "one", clock);
  }

  private SqlJournal journal(Database.Place place, String holder, InstantSource clock)
      throws IOException {
    Database database = Database.open(place);
    opened.add(database);
    LeaderLease lease = LeaderLease.ask(database, holder, TERMS).lease().orElseThrow();
    return SqlJournal.open(database, lease, clock);
  }

  /** F14: I2, I4. The former leader's write comes late, and is refused. */
  @Test
  void f14_appendByAFormerLeader_isRefusedAndWritesNothing() throws Exception {
    journal.append(List.of(event("s", "a")));
    server().execute("update leader set until_micros = 1");
    try (Database second = Database.open(server().newest())) {
      LeaderLease lease = LeaderLease.ask(second, "two", TERMS).lease().orElseThrow();
      SqlJournal successor = SqlJournal.open(second, lease, () -> NOW);
      successor.append(List.of(event("s", "b")));

      assertThatThrownBy(() -> journal.append(List.of(event("s", "late"))))
          .isInstanceOf(LeaseLost.class)
          .hasMessageContaining("another coordinator leads");

      successor.append(List.of(event("s", "c")));
      List<Fingerprint> signable = new ArrayList<>();
      journal.hashes(0, Long.MAX_VALUE, signable::add);
      assertThat(signable).as("entries that this journal knows to be durable").hasSize(1);
      assertThat(successor.firstBadEntry()).isZero();
      assertThat(all("s")).extracting(e -> e.event().key()).containsExactly("a", "b", "c");
      successor.close();
    }
  }

  /** F7: I1, I2. */
  @Test
  void f7_connectionsCut_appendComesBackAndWritesOnce() throws Exception {
    journal.append(List.of(event("s", "a")));
    server().execute(CUT);

    List<JournalEntry> entries = journal.append(List.of(event("s", "b")));

    assertThat(entries.getFirst().sequence()).isEqualTo(2);
    assertThat(all("s")).extracting(e -> e.event().key()).containsExactly("a", "b");
    assertThat(journal.firstBadEntry()).isZero();
  }

  /** F7: the server is restarted twice while a thread appends. I1, I2, I5. */
  @Test
  void f7_serverRestartedAmidAppends_eachIsThereOnceInOrder() throws Exception {
    AtomicBoolean enough = new AtomicBoolean();
    int count;
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<Integer> writer =
          threads.submit(
              () -> {
                int done = 0;
                while (!enough.get()) {
                  done += journal.append(List.of(event("s", "k" + done))).size();
                }
                return done;
              });
      for (int i = 0; i < 2; i++) {
        Thread.sleep(300);
        server().down();
        Thread.sleep(200);
        server().up();
      }
      enough.set(true);
      count = writer.get();
    }
    assertThat(all("s"))
        .extracting(e -> e.event().key())
        .containsExactlyElementsOf(IntStream.range(0, count).mapToObj(i -> "k" + i).toList());
    assertThat(journal.firstBadEntry()).isZero();
  }

  /** F7: connections are cut again and again, at any point of an append. I1, I2, I5. */
  @Test
  void f7_connectionsCutAtAnyPoint_eachIsThereOnceInOrder() throws Exception {
    AtomicBoolean enough = new AtomicBoolean();
    int count;
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<Integer> writer =
          threads.submit(
              () -> {
                int done = 0;
                while (!enough.get()) {
                  done += journal.append(List.of(event("s", "k" + done))).size();
                }
                return done;
              });
      for (int cuts = 1; cuts <= 12 && !writer.isDone(); cuts++) {
        server().execute(CUT);
        Thread.sleep(100 + 7 * cuts % 50); // time enough to connect again, at no fixed beat
      }
      enough.set(true);
      count = writer.get();
    }
    assertThat(count).isGreaterThan(12);
    assertThat(all("s")).hasSize(count);
    assertThat(journal.firstBadEntry()).isZero();
  }

  /** F7: a copy that lagged behind takes the server's place. */
  @Test
  void f7_databaseWentBack_appendSaysSoAndWritesNothing() throws Exception {
    journal.append(List.of(event("s", "a")));
    journal.append(List.of(event("s", "b")));
    server().execute("delete from journal where sequence = 2");
    server().execute(CUT);

    assertThatThrownBy(() -> journal.append(List.of(event("s", "c"))))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("after entry 2: the database ends with entry 1")
        .hasMessageContaining("lagged behind");

    assertThat(all("s")).hasSize(1);
  }

  /**
   * F7: the server undoes the transaction twice, each for another reason of its own. I1, I2, I5.
   */
  @ParameterizedTest
  @ValueSource(strings = {"40P01", "40001", "57014"})
  void f7_undoneByTheServer_isWrittenOnceOrRefused(String state) throws Exception {
    journal.append(List.of(event("s", "a")));
    server().execute("create sequence undone");
    server()
        .execute(
            "create function undo() returns trigger as $$ begin"
                + " if nextval('undone') <= 2 then"
                + " raise exception 'undone for another''s sake' using errcode = '%s'; end if;"
                    .formatted(state)
                + " return new; end $$ language plpgsql");
    server()
        .execute(
            "create trigger undo before insert on journal for each row execute function undo()");

    if (state.equals("57014")) { // somebody cancelled it: for nobody's sake, so not tried again
      assertThatThrownBy(() -> journal.append(List.of(event("s", "b"))))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("after entry 1");
      assertThat(all("s")).hasSize(1);
    } else {
      journal.append(List.of(event("s", "b"), event("s", "c")));
      assertThat(all("s")).extracting(e -> e.event().key()).containsExactly("a", "b", "c");
    }
    assertThat(journal.firstBadEntry()).isZero();
  }

  /** F7: readers hold every connection; the writer has its own, and a reader waits its turn. */
  @Test
  void f7_poolExhausted_writerGoesOn_readerWaits() throws Exception {
    Database database = opened.getLast();
    List<Connection> held = new ArrayList<>();
    for (int i = 0; i < Database.CONNECTIONS_MAX - 1; i++) {
      held.add(database.connection());
    }

    journal.append(List.of(event("s", "a")));
    Future<List<JournalEntry>> reader;
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      reader = threads.submit(() -> all("s"));
      assertThatThrownBy(() -> reader.get(300, TimeUnit.MILLISECONDS))
          .isInstanceOf(TimeoutException.class);
      journal.append(List.of(event("s", "b")));
      for (Connection one : held) {
        one.close();
      }
    }
    assertThat(reader.get()).hasSize(2);
  }

  private static PostgresServer server() {
    return running.orElseThrow();
  }
}
