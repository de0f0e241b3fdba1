package org.consilium.coordinator;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.consilium.coordinator.blob.StoreRefused;
import org.consilium.coordinator.database.Database;
import org.consilium.coordinator.database.LeaderLease;
import org.consilium.coordinator.database.LeaseKeeper;
import org.consilium.coordinator.database.LeaseLost;
import org.consilium.security.keyfile.KeyFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This process's turn to be the coordinator: the database, and the lease that is renewed until this
 * is closed. Whoever is not the first waits here, as a standby.
 */
final class Leadership implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Leadership.class);
  private static final String REPLICA = "replica";
  private static final int REPLICA_BYTES = 8;
  private static final Duration BETWEEN_TRIES = Duration.ofMillis(500);

  /** Tries between two lines in the log that say that this process still waits. */
  private static final int SAY_EVERY = 120;

  private final Database database;
  private final LeaderLease lease;
  private final LeaseKeeper keeper;

  private Leadership(Database database, LeaderLease lease, LeaseKeeper keeper) {
    this.database = database;
    this.lease = lease;
    this.keeper = keeper;
  }

  /**
   * Waits for the database and then for the lease; at once where the database is a file.
   *
   * @param store compared with the database while this waits
   * @param over told when the lease is lost
   * @throws StoreRefused if a takeover could only fail
   */
  static Leadership await(
      CoordinatorSettings settings,
      Optional<StoreBinding> store,
      SecureRandom random,
      Consumer<LeaseLost> over)
      throws IOException {
    CoordinatorSettings.Database said = settings.database();
    Database.Place place =
        said.url()
            .map(url -> new Database.Place(url, said.user(), said.passwordFile()))
            .orElseGet(() -> Database.Place.in(settings.state()));
    String holder = holder(settings.state(), random);
    LeaderLease.Terms terms = new LeaderLease.Terms(settings.lease(), System::nanoTime);
    Waiting waiting = new Waiting(settings, store);
    try (waiting) {
      Database database = database(place, waiting);
      try {
        LeaderLease lease = lease(database, holder, terms, waiting);
        return new Leadership(database, lease, LeaseKeeper.start(lease, over));
      } catch (IOException | RuntimeException failed) {
        database.close();
        throw failed;
      }
    }
  }

  private static Database database(Database.Place place, Waiting waiting) throws IOException {
    while (true) {
      try {
        return Database.open(place);
      } catch (Database.Unreachable away) {
        waiting.once("waiting for the database: " + away.getMessage());
      }
    }
  }

  private static LeaderLease lease(
      Database database, String holder, LeaderLease.Terms terms, Waiting waiting)
      throws IOException {
    while (true) {
      try {
        LeaderLease.Answer answer = LeaderLease.ask(database, holder, terms);
        if (answer.lease().isPresent()) {
          LOG.info("leads with lease {} as {}", answer.lease().get().token(), holder);
          return answer.lease().get();
        }
        waiting.compare(database);
        waiting.once("standby: %s leads".formatted(answer.holder()));
      } catch (IOException failed) {
        if (!(failed.getCause() instanceof SQLException sql && Database.passing(sql))) {
          throw failed;
        }
        waiting.once("waiting for the database: " + failed.getMessage());
      }
    }
  }

  /** What a process that waits does meanwhile. */
  private static final class Waiting implements AutoCloseable {
    private final CoordinatorSettings settings;
    private final Optional<StoreBinding> store;
    private Optional<StandbyServer> server = Optional.empty();
    private String said = "";
    private int tries;
    private int looks;

    Waiting(CoordinatorSettings settings, Optional<StoreBinding> store) {
      this.settings = settings;
      this.store = store;
    }

    /** Looks at the store, at the start and now and then: what is wrong, people learn before. */
    void compare(Database database) throws IOException {
      try {
        if (store.isPresent() && looks % SAY_EVERY == 0) {
          store.get().compare(database);
        }
      } catch (IOException failed) {
        boolean away = looks > 0 && !(failed instanceof StoreRefused);
        if (!away || failed.getCause() instanceof SQLException) {
          throw failed;
        }
        LOG.warn("the store does not answer now: {}", failed.getMessage());
      }
      looks++;
    }

    /** Says why, answers people, and comes back a little later. */
    void once(String why) throws IOException {
      if (server.isEmpty()) {
        server = Optional.of(StandbyServer.start(settings.host(), settings.ports().http()));
      }
      if (!why.equals(said) || tries % SAY_EVERY == 0) {
        LOG.info("{}", why);
        said = why;
      }
      tries++;
      try {
        TimeUnit.MILLISECONDS.sleep(BETWEEN_TRIES.toMillis());
      } catch (InterruptedException interrupted) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted: " + why, interrupted);
      }
    }

    @Override
    public void close() {
      server.ifPresent(StandbyServer::close);
    }
  }

  /** Names this folder on this machine: after a restart the lease is its own at once. */
  private static String holder(Path state, SecureRandom random) throws IOException {
    Path file = state.resolve(REPLICA);
    if (!Files.exists(file)) {
      byte[] name = new byte[REPLICA_BYTES];
      random.nextBytes(name);
      KeyFile.create(file, HexFormat.of().formatHex(name).getBytes(StandardCharsets.US_ASCII));
    }
    String name = new String(KeyFile.read(file, 2 * REPLICA_BYTES), StandardCharsets.US_ASCII);
    String host;
    try {
      host = InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException unnamed) {
      host = "unnamed";
    }
    return "%s/%s".formatted(host.length() > 100 ? host.substring(0, 100) : host, name);
  }

  Database database() {
    return database;
  }

  LeaderLease lease() {
    return lease;
  }

  /** Asks once more who leads, for example because a write was refused; empty if it is this one. */
  Optional<LeaseLost> lost() {
    try {
      lease.renew();
    } catch (LeaseLost lost) {
      return Optional.of(lost);
    } catch (SQLException away) {
      LOG.warn("who leads is not known: {}", away.getMessage());
    }
    return lease.held()
        ? Optional.empty()
        : Optional.of(new LeaseLost("the lease %d ended".formatted(lease.token())));
  }

  @Override
  public void close() {
    keeper.close();
    database.close();
  }
}
