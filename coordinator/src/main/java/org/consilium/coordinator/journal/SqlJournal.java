package org.consilium.coordinator.journal;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.consilium.coordinator.database.Database;
import org.consilium.coordinator.database.LeaderLease;
import org.consilium.protocol.fault.FailPoint;
import org.consilium.security.audit.ChainHash;
import org.consilium.security.identity.Fingerprint;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The journal in a SQL database: an H2 file beside the service, or PostgreSQL. The leader writes:
 * every append is a transaction that holds the {@link LeaderLease}, so that one of a process that
 * was succeeded is refused, however late it comes. When a PostgreSQL server goes away amid an
 * append, the journal connects again, sees whether the entries are there, and writes the same ones
 * if they are not.
 */
public final class SqlJournal implements Journal {
  private static final Logger LOG = LoggerFactory.getLogger(SqlJournal.class);
  private static final int FETCH_ROWS = 256;
  private static final int BODY_BYTES_MAX = 16 << 20;

  /** A try waits five seconds for a connection; a lease that ends first ends the process. */
  private static final int TRIES_MAX = 12;

  private static final Duration UNRENEWED = Duration.ofMinutes(1);
  private final Database database;
  private final LeaderLease lease;
  private final InstantSource clock;
  private final boolean owns;
  private Optional<Connection> writer = Optional.empty();
  private long last;

  /** Entries that the loss of power leaves; a checkpoint must name no others. */
  private volatile long durable;

  private byte[] lastHash = ChainHash.origin();

  private SqlJournal(Database database, LeaderLease lease, InstantSource clock, boolean owns) {
    this.owns = owns;
    this.database = database;
    this.lease = lease;
    this.clock = clock;
  }

  /** What the table ends with. */
  private record Tail(long sequence, byte[] hash) {
    boolean is(long other, byte[] otherHash) {
      return sequence == other && Arrays.equals(hash, otherHash);
    }
  }

  /** Opens the journal for the process that has the lease; the database stays the caller's. */
  public static SqlJournal open(Database database, LeaderLease lease, InstantSource clock)
      throws IOException {
    return open(database, lease, clock, false);
  }

  private static SqlJournal open(
      Database database, LeaderLease lease, InstantSource clock, boolean owns) throws IOException {
    SqlJournal journal = new SqlJournal(database, lease, clock, owns);
    try {
      Tail tail = journal.tail(journal.connect());
      journal.last = tail.sequence();
      journal.lastHash = tail.hash();
      database.force(journal.connect()); // what a process left that was killed
      journal.durable = journal.last;
      return journal;
    } catch (SQLException failed) {
      journal.close();
      throw new IOException("open journal: " + failed.getMessage(), failed);
    }
  }

  /** Opens an embedded journal in a folder, which belongs to this process alone. */
  public static SqlJournal open(Path folder, InstantSource clock) throws IOException {
    Database database = Database.open(Database.Place.in(folder));
    LeaderLease lease =
        LeaderLease.ask(database, "embedded", new LeaderLease.Terms(UNRENEWED, () -> 0))
            .lease()
            .orElseThrow();
    return open(database, lease, clock, true);
  }

  @Override
  public synchronized List<JournalEntry> append(List<JournalEntry.Event> events)
      throws JournalConflict, IOException {
    if (events.isEmpty()) {
      return List.of();
    }
    Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
    List<JournalEntry> entries = new ArrayList<>(events.size());
    List<byte[]> hashes = new ArrayList<>(List.of(lastHash));
    for (JournalEntry.Event event : events) {
      JournalEntry entry = new JournalEntry(last + entries.size() + 1, now, event);
      entries.add(entry);
      hashes.add(EntryHash.next(hashes.getLast(), entry));
    }
    try {
      write(events, entries, hashes);
    } catch (SQLException failed) {
      throw new IOException(
          "append %d events to journal stream %s after entry %d: %s"
              .formatted(events.size(), events.getFirst().stream(), last, Database.words(failed)),
          failed);
    }
    last += entries.size();
    lastHash = hashes.getLast();
    durable = last;
    return List.copyOf(entries);
  }

  /** Writes entries once, whatever the connection does meanwhile. */
  private void write(
      List<JournalEntry.Event> events, List<JournalEntry> entries, List<byte[]> hashes)
      throws JournalConflict, SQLException, IOException {
    for (int tries = 1; ; tries++) {
      try {
        Connection connection = connect();
        if (tries > 1 && written(connection, entries.size(), hashes.getLast())) {
          return;
        }
        lease.check(connection);
        checkKeys(connection, events);
        insert(connection, entries, hashes);
        FailPoint.JOURNAL_UNCOMMITTED.reachDisk();
        connection.commit();
        database.force(connection);
        return;
      } catch (SQLException failed) {
        undo(failed);
        if (database.embedded() || tries == TRIES_MAX || !Database.passing(failed)) {
          throw failed;
        }
        LOG.warn(
            "append after entry {}: {}; trying again ({} of {})",
            last,
            Database.words(failed),
            tries,
            TRIES_MAX);
        disconnect();
      } catch (JournalConflict | IOException refused) {
        undo(refused);
        throw refused;
      }
    }
  }

  /**
   * Whether an append whose end was not heard of was done.
   *
   * @throws IOException if the table ends with neither: it is not the one that was written to
   */
  private boolean written(Connection connection, int count, byte[] hash)
      throws SQLException, IOException {
    Tail tail = tail(connection);
    if (tail.is(last + count, hash)) {
      return true;
    }
    if (!tail.is(last, lastHash)) {
      throw new IOException(
          ("append after entry %d: the database ends with entry %d, which is not the one that was"
                  + " written; a copy that lagged behind took its place, or another wrote to it")
              .formatted(last, tail.sequence()));
    }
    return false;
  }

  private static void insert(Connection connection, List<JournalEntry> entries, List<byte[]> hashes)
      throws SQLException {
    try (PreparedStatement insert =
        connection.prepareStatement(
            "insert into journal ("
                + JournalRow.COLUMNS
                + ") values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")) {
      for (int i = 0; i < entries.size(); i++) {
        JournalRow.bind(insert, entries.get(i), hashes.get(i), hashes.get(i + 1));
        insert.addBatch();
      }
      var _ = insert.executeBatch();
    }
  }

  private Connection connect() throws SQLException {
    if (writer.isEmpty()) {
      Connection connection = database.connection();
      writer = Optional.of(connection);
      lease.prepare(connection);
    }
    return writer.get();
  }

  private void disconnect() {
    writer.ifPresent(database::forget);
    writer = Optional.empty();
  }

  private Tail tail(Connection connection) throws SQLException {
    try (Statement read = connection.createStatement();
        ResultSet row =
            read.executeQuery(
                "select sequence, hash from journal order by sequence desc limit 1")) {
      Tail tail =
          row.next() ? new Tail(row.getLong(1), row.getBytes(2)) : new Tail(0, ChainHash.origin());
      connection.rollback();
      return tail;
    }
  }

  @Override
  public void replay(String stream, Consumer<JournalEntry> reader) throws IOException {
    String query =
        "select " + JournalRow.COLUMNS + " from journal where stream = ? order by sequence";
    try (Connection connection = database.connection();
        PreparedStatement read = connection.prepareStatement(query)) {
      read.setFetchSize(FETCH_ROWS);
      read.setString(1, stream);
      try (ResultSet row = read.executeQuery()) {
        while (row.next()) {
          reader.accept(JournalRow.entry(row));
        }
      }
      connection.rollback();
    } catch (SQLException failed) {
      throw new IOException("replay journal stream " + stream, failed);
    }
  }

  @Override
  public List<String> streams(String prefix) throws IOException {
    List<String> streams = new ArrayList<>();
    try (Connection connection = database.connection();
        PreparedStatement read =
            connection.prepareStatement(
                "select distinct stream from journal where substring(stream, 1, ?) = ?")) {
      read.setInt(1, prefix.length());
      read.setString(2, prefix);
      try (ResultSet row = read.executeQuery()) {
        while (row.next()) {
          streams.add(row.getString(1));
        }
      }
      connection.rollback();
    } catch (SQLException failed) {
      throw new IOException("list journal streams", failed);
    }
    return streams.stream().sorted().toList();
  }

  @Override
  public long firstBadEntry() throws IOException {
    ChainWalk chain = new ChainWalk();
    walk(0, chain);
    return chain.firstBad();
  }

  @Override
  public void walk(long after, Consumer<JournalEntry.Stored> reader) throws IOException {
    String query =
        "select " + JournalRow.COLUMNS + " from journal where sequence > ? order by sequence";
    try (Connection connection = database.connection();
        PreparedStatement read = connection.prepareStatement(query)) {
      read.setFetchSize(FETCH_ROWS);
      read.setLong(1, after);
      try (ResultSet row = read.executeQuery()) {
        while (row.next()) {
          reader.accept(
              new JournalEntry.Stored(JournalRow.entry(row), row.getBytes(7), row.getBytes(8)));
        }
      }
      connection.rollback();
    } catch (SQLException failed) {
      throw new IOException(
          "read the journal after entry %d: %s".formatted(after, failed.getMessage()), failed);
    }
  }

  @Override
  public void hashes(long after, long end, Consumer<Fingerprint> reader) throws IOException {
    String query =
        "select hash from journal where sequence > ? and sequence <= ? order by sequence";
    try (Connection connection = database.connection();
        PreparedStatement read = connection.prepareStatement(query)) {
      read.setFetchSize(FETCH_ROWS);
      read.setLong(1, after);
      read.setLong(2, Math.min(end, durable));
      try (ResultSet row = read.executeQuery()) {
        while (row.next()) {
          reader.accept(new Fingerprint(row.getBytes(1)));
        }
      }
      connection.rollback();
    } catch (SQLException | IllegalArgumentException failed) {
      throw new IOException("read the journal's hashes after entry " + after, failed);
    }
  }

  @Override
  public synchronized void close() {
    try {
      if (writer.isPresent()) {
        writer.get().rollback();
        writer.get().close(); // given back first: the pool would end one in use only later
      }
    } catch (SQLException broken) {
      LOG.debug("give the writer's connection back", broken);
    }
    if (owns) {
      database.close();
    }
  }

  private static void checkKeys(Connection connection, List<JournalEntry.Event> events)
      throws SQLException, JournalConflict {
    Set<List<String>> seen = new HashSet<>();
    try (PreparedStatement find =
        connection.prepareStatement("select 1 from journal where stream = ? and idem_key = ?")) {
      for (JournalEntry.Event event : events) {
        if (event.body().length > BODY_BYTES_MAX) {
          throw new IllegalArgumentException(
              "journal event %s of %d bytes, at most %d"
                  .formatted(event.type(), event.body().length, BODY_BYTES_MAX));
        }
        find.setString(1, event.stream());
        find.setString(2, event.key());
        try (ResultSet row = find.executeQuery()) {
          if (row.next() || !seen.add(List.of(event.stream(), event.key()))) {
            throw new JournalConflict(event.stream(), event.key());
          }
        }
      }
    }
  }

  private void undo(Exception cause) {
    try {
      if (writer.isPresent()) {
        writer.get().rollback();
      }
    } catch (SQLException broken) {
      cause.addSuppressed(broken);
    }
  }
}
