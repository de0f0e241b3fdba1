package org.consilium.coordinator;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.consilium.coordinator.blob.SharedStore;
import org.consilium.coordinator.blob.StorePlace;
import org.consilium.coordinator.blob.StoreRefused;
import org.consilium.coordinator.database.Database;
import org.consilium.coordinator.database.LeaderLease;
import org.consilium.protocol.Limits;
import org.consilium.security.keyfile.SealedFile;

/**
 * That a store, its key and a journal belong together. The first leader that has all three gives
 * the store a name at random: an object in the store, sealed with its key, and a row in the
 * journal's database. Whoever leads later compares the two before anything else, and so does
 * whoever waits. The row is there before the object and is settled after it, so that a leader that
 * dies in between is followed by one that goes on.
 */
final class StoreBinding implements AutoCloseable {
  private static final int ID_BYTES = 16;
  private static final int OBJECT_BYTES_MAX = 256;
  private static final String SCRATCH = ".store-id";
  private static final String FIND = "select store_id, settled from shared_store where id = 1";
  private static final String OFFER =
      "insert into shared_store (id, store_id, settled) values (1, ?, 0)";
  private static final String SETTLE =
      "update shared_store set settled = 1 where id = 1 and store_id = ?";

  private final StorePlace place;
  private final SharedStore store;
  private final Path scratch;
  private final SecureRandom random;

  private StoreBinding(StorePlace place, SharedStore store, Path scratch, SecureRandom random) {
    this.place = place;
    this.store = store;
    this.scratch = scratch;
    this.random = random;
  }

  /** What the journal's database knows. */
  private record Row(String id, boolean settled) {}

  /**
   * Opens the store, if there is one.
   *
   * @param held whether this process leads
   * @throws IOException if its key cannot be read, or it does not let this process in
   */
  static Optional<StoreBinding> open(
      CoordinatorSettings settings, BooleanSupplier held, SecureRandom random) throws IOException {
    if (settings.store().isEmpty()) {
      return Optional.empty();
    }
    StorePlace place = settings.store().get();
    SharedStore store = SharedStore.open(place, held, random);
    return Optional.of(new StoreBinding(place, store, settings.state().resolve(SCRATCH), random));
  }

  /** The store; for the leader, after {@link #bind}. */
  SharedStore store() {
    return store;
  }

  /**
   * For the leader: compares, and gives both the name if neither has one.
   *
   * @throws StoreRefused if they do not belong together
   */
  void bind(Database database, LeaderLease lease) throws IOException {
    Optional<Row> row = row(database);
    Optional<String> found = found();
    if (row.isPresent() && row.get().settled()) {
      compare(row.get().id(), found);
      return;
    }
    if (row.isEmpty() && found.isPresent()) {
      throw refused(
          ("it is %s of another journal, and this one's database knows no store: the database,"
                  + " mount, bucket or prefix is another one. If it is this journal's all the same,"
                  + " for the database was put back from before it knew, remove the object %s")
              .formatted(Limits.printable(found.get()), SharedStore.ID));
    }
    String id = row.isPresent() ? row.get().id() : fresh();
    if (row.isEmpty()) {
      write(database, lease, OFFER, id);
    }
    if (found.isEmpty()) {
      put(id);
    } else {
      var _ = store.blobs().size(SharedStore.ID); // forces its name, if a killed process put it
    }
    compare(id, found());
    write(database, lease, SETTLE, id);
  }

  /**
   * For a standby: compares, as far as there is something to compare yet.
   *
   * @throws StoreRefused if they do not belong together
   */
  void compare(Database database) throws IOException {
    Optional<Row> row = row(database); // first: once it is settled, the object is there
    Optional<String> found = found();
    if (row.filter(Row::settled).isPresent()) {
      compare(row.get().id(), found);
    }
  }

  private void compare(String id, Optional<String> found) throws StoreRefused {
    if (found.isEmpty()) {
      throw refused(
          ("it holds no object %s, and the journal's files are in store %s: the mount, bucket or"
                  + " prefix is another one, or it was emptied. Name the right one, or put back all"
                  + " that it held. To go on without that, delete the row of table shared_store")
              .formatted(SharedStore.ID, Limits.printable(id)));
    }
    if (!found.get().equals(id)) {
      throw refused(
          ("it is %s, and the journal's files are in store %s: the mount, bucket, prefix or"
                  + " database is another one")
              .formatted(Limits.printable(found.get()), Limits.printable(id)));
    }
  }

  private StoreRefused refused(String what) {
    return new StoreRefused(
        StoreRefused.Why.OTHER_STORE, "store %s: %s".formatted(place.url(), what));
  }

  /** The name in the store, read as everything in it is. */
  private Optional<String> found() throws IOException {
    try {
      Files.deleteIfExists(scratch);
      return store.blobs().fetch(SharedStore.ID, scratch)
          ? Optional.of(new String(opened(), US_ASCII))
          : Optional.empty();
    } finally {
      Files.deleteIfExists(scratch);
    }
  }

  private byte[] opened() throws IOException {
    try {
      return store.secrets().read(scratch, OBJECT_BYTES_MAX).orElseThrow();
    } catch (SealedFile.Damaged sealed) {
      throw new StoreRefused(
          StoreRefused.Why.OTHER_STORE,
          ("store %s: its object %s does not open with the key %s: the key is another one, or the"
                  + " store is")
              .formatted(place.url(), SharedStore.ID, place.keyFile()),
          sealed);
    }
  }

  private void put(String id) throws IOException {
    try {
      store.secrets().replace(scratch, id.getBytes(US_ASCII));
      store.blobs().put(SharedStore.ID, scratch);
    } finally {
      Files.deleteIfExists(scratch);
    }
  }

  private String fresh() {
    byte[] id = new byte[ID_BYTES];
    random.nextBytes(id);
    return HexFormat.of().formatHex(id);
  }

  private static Optional<Row> row(Database database) throws IOException {
    try (Connection connection = database.connection();
        PreparedStatement read = connection.prepareStatement(FIND);
        ResultSet row = read.executeQuery()) {
      Optional<Row> known =
          row.next()
              ? Optional.of(new Row(row.getString(1), row.getInt(2) != 0))
              : Optional.empty();
      connection.rollback();
      return known;
    } catch (SQLException failed) {
      throw new IOException("read which store is the journal's: " + failed.getMessage(), failed);
    }
  }

  /** Writes as the leader, durable when this returns. */
  private static void write(Database database, LeaderLease lease, String sql, String id)
      throws IOException {
    try (Connection connection = database.connection();
        PreparedStatement write = connection.prepareStatement(sql)) {
      lease.check(connection);
      write.setString(1, id);
      int _ = write.executeUpdate();
      connection.commit();
      database.force(connection);
      connection.rollback();
    } catch (SQLException failed) {
      throw new IOException("note which store is the journal's: " + failed.getMessage(), failed);
    }
  }

  @Override
  public void close() {
    store.close();
  }
}
