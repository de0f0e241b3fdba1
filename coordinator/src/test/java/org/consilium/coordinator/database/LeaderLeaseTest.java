package org.consilium.coordinator.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Who may write, on PostgreSQL: F10 and F14. */
@Tag("postgres")
final class LeaderLeaseTest {
  private static final Duration LIFE = Duration.ofSeconds(30);
  private static Optional<PostgresServer> running = Optional.empty();

  private final AtomicLong nanos = new AtomicLong();
  private final LeaderLease.Terms terms = new LeaderLease.Terms(LIFE, nanos::get);
  private Optional<Database> opened = Optional.empty();

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

  @BeforeEach
  void openDatabase() throws Exception {
    opened = Optional.of(Database.open(server().fresh()));
  }

  @AfterEach
  void closeDatabase() {
    opened.ifPresent(Database::close);
  }

  @Test
  void ask_whileAnotherHoldsIt_namesTheHolderAndTheTimeLeft() throws Exception {
    LeaderLease first = ask("one").orElseThrow();

    LeaderLease.Answer answer = LeaderLease.ask(database(), "two", terms);

    assertThat(first.token()).isEqualTo(1);
    assertThat(answer.lease()).isEmpty();
    assertThat(answer.holder()).isEqualTo("one");
    assertThat(answer.left()).isBetween(Duration.ofSeconds(20), LIFE);
  }

  @Test
  void ask_afterTheEnd_givesAHigherTokenAndTheFormerIsRefused() throws Exception {
    LeaderLease first = ask("one").orElseThrow();
    server().execute("update leader set until_micros = 1");

    LeaderLease second = ask("two").orElseThrow();

    assertThat(second.token()).isEqualTo(2);
    assertThatThrownBy(first::renew).isInstanceOf(LeaseLost.class).hasMessageContaining("lease 1");
    try (Connection connection = database().connection()) {
      assertThatThrownBy(() -> first.check(connection)).isInstanceOf(LeaseLost.class);
      second.check(connection);
      connection.rollback();
    }
  }

  @Test
  void ask_byTheSameHolder_needsNoWaiting() throws Exception {
    LeaderLease first = ask("one").orElseThrow();

    LeaderLease again = ask("one").orElseThrow();

    assertThat(again.token()).isEqualTo(2);
    assertThatThrownBy(first::renew).isInstanceOf(LeaseLost.class);
  }

  @Test
  void release_thenAsk_needsNoWaiting() throws Exception {
    LeaderLease first = ask("one").orElseThrow();

    first.release();

    assertThat(first.held()).isFalse();
    assertThat(ask("two")).isPresent();
  }

  @Test
  void release_byAFormerHolder_leavesTheNewOne() throws Exception {
    LeaderLease first = ask("one").orElseThrow();
    server().execute("update leader set until_micros = 1");
    LeaderLease second = ask("two").orElseThrow();

    first.release();

    second.renew();
    assertThat(ask("three")).isEmpty();
  }

  @Test
  void held_endsByOwnClock_andARenewalLengthensIt() throws Exception {
    LeaderLease lease = ask("one").orElseThrow();
    nanos.addAndGet(LIFE.toNanos() - 1);
    assertThat(lease.held()).isTrue();

    lease.renew();
    nanos.addAndGet(LIFE.toNanos() - 1);
    assertThat(lease.held()).isTrue();
    nanos.addAndGet(1);
    assertThat(lease.held()).isFalse();
  }

  @Test
  void ask_fromManyThreads_oneGetsIt() throws Exception {
    List<Callable<Optional<LeaderLease>>> racers = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      String name = "racer" + i;
      racers.add(() -> ask(name));
    }

    int won = 0;
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (var racer : threads.invokeAll(racers)) {
        won += racer.get().isPresent() ? 1 : 0;
      }
    }

    assertThat(won).isEqualTo(1);
  }

  /** F10: a leader that is stopped between its check and its commit holds nobody up for long. */
  @Test
  void f10_stoppedAmidAnAppend_isUndoneAndSucceeded() throws Exception {
    LeaderLease.Terms soon = new LeaderLease.Terms(Duration.ofSeconds(1), System::nanoTime);
    LeaderLease first = LeaderLease.ask(database(), "one", soon).lease().orElseThrow();
    try (Connection stopped = server().connect()) {
      stopped.setAutoCommit(false);
      first.prepare(stopped);
      first.check(stopped); // and now it does nothing more

      LeaderLease second = patiently("two", soon);

      assertThat(second.token()).isEqualTo(2);
      assertThatThrownBy(stopped::commit).isInstanceOf(java.sql.SQLException.class);
    }
  }

  @Test
  void keeper_databaseGone_tellsOnceItsTimeIsUp() throws Exception {
    LeaderLease.Terms soon = new LeaderLease.Terms(Duration.ofSeconds(6), System::nanoTime);
    LeaderLease lease = LeaderLease.ask(database(), "one", soon).lease().orElseThrow();
    CountDownLatch lost = new CountDownLatch(1);
    try (LeaseKeeper _ = LeaseKeeper.start(lease, _ -> lost.countDown())) {
      assertThat(lost.await(8, TimeUnit.SECONDS)).as("lost while it is renewed").isFalse();

      server().down();
      try {
        assertThat(lost.await(60, TimeUnit.SECONDS)).isTrue();
      } finally {
        server().up();
      }
    }
  }

  private LeaderLease patiently(String holder, LeaderLease.Terms of) throws Exception {
    for (int i = 0; i < 100; i++) {
      Optional<LeaderLease> lease = LeaderLease.ask(database(), holder, of).lease();
      if (lease.isPresent()) {
        return lease.get();
      }
      Thread.sleep(50);
    }
    throw new AssertionError("the lease was never given");
  }

  private Optional<LeaderLease> ask(String holder) throws Exception {
    return LeaderLease.ask(database(), holder, terms).lease();
  }

  private Database database() {
    return opened.orElseThrow();
  }

  private static PostgresServer server() {
    return running.orElseThrow();
  }
}
