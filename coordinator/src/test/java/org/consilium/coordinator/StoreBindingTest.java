package org.consilium.coordinator;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.stream.Stream;
import org.consilium.coordinator.blob.StoreRefused;
import org.consilium.coordinator.database.Database;
import org.consilium.coordinator.database.LeaderLease;
import org.consilium.coordinator.database.PostgresServer;
import org.consilium.security.keyfile.KeyFile;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Stores, keys and journals that belong together, and such that do not. */
final class StoreBindingTest {
  private static final LeaderLease.Terms TERMS =
      new LeaderLease.Terms(Duration.ofMinutes(1), System::nanoTime);

  @TempDir Path folder;

  private final SecureRandom random = new SecureRandom();
  private Path store = Path.of("");
  private Path key = Path.of("");

  @BeforeEach
  void makeKey() throws Exception {
    store = folder.resolve("store");
    key = key("store.key");
  }

  @Test
  void bind_again_isTheSameStoreAndNothingIsLeft() throws Exception {
    bind("journal", store, key);
    byte[] name = Files.readAllBytes(store.resolve("store-id"));

    bind("journal", store, key);

    assertThat(store.resolve("store-id")).hasBinaryContent(name);
    try (Stream<Path> left = Files.list(folder.resolve("state"))) {
      assertThat(left).isEmpty();
    }
  }

  @Test
  void bind_mountIsMissing_isRefusedUntilItIsThere() throws Exception {
    bind("journal", store, key);
    Files.move(store, folder.resolve("away"));

    assertRefused("journal", store, key, "holds no object store-id");

    assertThat(folder.resolve("store/store-id")).doesNotExist();
    Files.delete(store);
    Files.move(folder.resolve("away"), store);
    bind("journal", store, key);
  }

  /** The way out that the message names. */
  @Test
  void bind_emptyStoreAndNoRowAnyMore_goesOnWithIt() throws Exception {
    bind("journal", store, key);
    Path empty = folder.resolve("empty");
    assertRefused("journal", empty, key, "delete the row of table shared_store");

    sql("journal", "delete from shared_store");

    bind("journal", empty, key);
    assertRefused("journal", store, key, "and the journal's files are in store");
  }

  @Test
  void bind_anotherKey_isRefusedAndNamesIt() throws Exception {
    bind("journal", store, key);

    Path other = key("other.key");

    assertRefused("journal", store, other, "does not open with the key " + other);
  }

  @Test
  void bind_storeOfAnotherJournal_isRefused() throws Exception {
    bind("journal", store, key);
    bind("second", folder.resolve("second store"), key);

    assertRefused(
        "journal", folder.resolve("second store"), key, "and the journal's files are in store");
  }

  @Test
  void bind_anotherJournalToAUsedStore_isRefused() throws Exception {
    bind("journal", store, key);

    assertRefused("fresh", store, key, "of another journal, and this one's database knows no");
  }

  /** As after a restore into another bucket: the name comes with all else. */
  @Test
  void bind_copyOfTheStore_isTheStore() throws Exception {
    bind("journal", store, key);
    Path copy = Files.createDirectories(folder.resolve("copy"));
    Files.copy(store.resolve("store-id"), copy.resolve("store-id"));

    bind("journal", copy, key);
  }

  @Test
  void bind_afterADeathAtEveryStep_goesOn() throws Exception {
    bind("journal", store, key);
    sql("journal", "update shared_store set settled = 0"); // died before it was settled
    bind("journal", store, key);
    sql("journal", "update shared_store set settled = 0"); // died before the object was put
    Files.delete(store.resolve("store-id"));

    bind("journal", store, key);

    assertThat(store.resolve("store-id")).exists();
    Files.delete(store.resolve("store-id"));
    assertRefused("journal", store, key, "holds no object store-id"); // it was settled
  }

  @Test
  void bind_byAFormerLeader_writesNothing() throws Exception {
    try (Database database = open("journal");
        StoreBinding binding = binding(store, key)) {
      LeaderLease former = lease(database);
      LeaderLease _ = lease(database);

      assertThatThrownBy(() -> binding.bind(database, former))
          .isInstanceOf(org.consilium.coordinator.database.LeaseLost.class);
    }
    assertThat(store.resolve("store-id")).doesNotExist();
    bind("journal", store, key);
  }

  @Test
  void compare_beforeAnybodyLed_hasNothingToSay() throws Exception {
    try (Database database = open("journal");
        StoreBinding binding = binding(store, key)) {
      binding.compare(database);
    }
    bind("journal", store, key);
    try (Database database = open("journal");
        StoreBinding right = binding(store, key);
        StoreBinding wrong = binding(folder.resolve("elsewhere"), key)) {
      right.compare(database);
      assertThatThrownBy(() -> wrong.compare(database)).isInstanceOf(StoreRefused.class);
    }
  }

  /** Before anything else: there is not even an authority here. */
  @Test
  void start_mountIsMissing_isRefused() throws Exception {
    bind("state", store, key);
    Files.move(store, folder.resolve("away"));

    assertThatThrownBy(
            () ->
                Coordinator.start(
                    settings(store, key, Optional.empty()), InstantSource.system(), random))
        .isInstanceOf(StoreRefused.class)
        .hasMessageContaining(store.toString());
  }

  @Test
  @Tag("postgres")
  @Timeout(120)
  void await_standbyWithAnotherStore_failsAtItsStart() throws Exception {
    try (PostgresServer server = PostgresServer.start();
        Database database = Database.open(server.fresh())) {
      LeaderLease lease = lease(database);
      try (StoreBinding leaders = binding(store, key)) {
        leaders.bind(database, lease);
      }
      CoordinatorSettings standby =
          settings(folder.resolve("not mounted"), key, Optional.of(server.newest()));

      try (StoreBinding binding = open(standby)) {
        assertThatThrownBy(
                () -> Leadership.await(standby, Optional.of(binding), random, _ -> {}).close())
            .isInstanceOf(StoreRefused.class)
            .hasMessageContaining("holds no object store-id");
      }
    }
  }

  private void bind(String journal, Path where, Path with) throws IOException {
    try (Database database = open(journal);
        StoreBinding binding = binding(where, with)) {
      binding.bind(database, lease(database));
    }
  }

  private void assertRefused(String journal, Path where, Path with, String words) {
    assertThatThrownBy(() -> bind(journal, where, with))
        .isInstanceOfSatisfying(
            StoreRefused.class, r -> assertThat(r.why()).isEqualTo(StoreRefused.Why.OTHER_STORE))
        .hasMessageContaining("store " + where.toUri().toString().replaceAll("/$", ""))
        .hasMessageContaining(words);
  }

  private StoreBinding binding(Path where, Path with) throws IOException {
    return open(settings(where, with, Optional.empty()));
  }

  private StoreBinding open(CoordinatorSettings settings) throws IOException {
    KeyFile.createFolder(settings.state());
    return StoreBinding.open(settings, () -> true, random).orElseThrow();
  }

  private Database open(String journal) throws IOException {
    return Database.open(Database.Place.in(Files.createDirectories(folder.resolve(journal))));
  }

  private static LeaderLease lease(Database database) throws IOException {
    return LeaderLease.ask(database, "test", TERMS).lease().orElseThrow();
  }

  private void sql(String journal, String statement) throws Exception {
    try (Database database = open(journal);
        var connection = database.connection();
        var write = connection.createStatement()) {
      int _ = write.executeUpdate(statement);
      connection.commit();
    }
  }

  private Path key(String name) throws IOException {
    byte[] secret = new byte[24];
    random.nextBytes(secret);
    Path file = folder.resolve("keys").resolve(name);
    KeyFile.create(file, java.util.HexFormat.of().formatHex(secret).getBytes(US_ASCII));
    return file;
  }

  private CoordinatorSettings settings(Path where, Path with, Optional<Database.Place> database) {
    ReplicaSettings replica =
        new ReplicaSettings(
            Optional.of(where.toUri().toString()),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.of(with),
            Optional.empty());
    return CoordinatorSettings.of(
        folder.resolve("state"),
        new CoordinatorSettings.Partial(
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.of(0),
            Optional.of(0),
            Optional.of(0),
            database.map(Database.Place::url),
            database.map(Database.Place::user),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            replica));
  }
}
