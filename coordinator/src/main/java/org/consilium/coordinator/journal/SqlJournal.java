package org.consilium.coordinator.journal;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.consilium.protocol.fault.FailPoint;
import org.consilium.security.audit.ChainHash;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.witness.Attribution;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The journal in a SQL database: an H2 file beside the service, or PostgreSQL. One process writes:
 * H2 locks its file, PostgreSQL is asked for an advisory lock that lives as long as the one
 * connection that writes, so a writer that lost its lock has also lost its connection.
 */
public final class SqlJournal implements Journal {
  private static final Logger LOG = LoggerFactory.getLogger(SqlJournal.class);
  private static final long WRITER_LOCK = 0x436f6e73696c6975L; // "Consiliu": any fixed number
  private static final int CONNECTIONS_MAX = 5;
  private static final int FETCH_ROWS = 256;
  private static final int BODY_BYTES_MAX = 16 << 20;
  private static final int H2_IN_USE = 90020;
  private static final String COLUMNS =
      "sequence, appended_micros, stream, event_type, idem_key, body, previous_hash, hash,"
          + " actor, actor_role, context, subject";

  private final HikariDataSource database;
  private final Connection writer;
  private final boolean embedded;
  private final InstantSource clock;
  private long last;
  private byte[] lastHash;

  private SqlJournal(
      HikariDataSource database, Connection writer, boolean embedded, InstantSource clock)
      throws SQLException {
    this.database = database;
    this.writer = writer;
    this.embedded = embedded;
    this.clock = clock;
    try (Statement read = writer.createStatement();
        ResultSet row =
            read.executeQuery(
                "select sequence, hash from journal order by sequence desc limit 1")) {
      boolean any = row.next();
      this.last = any ? row.getLong(1) : 0;
      this.lastHash = any ? row.getBytes(2) : ChainHash.origin();
    }
    writer.rollback();
  }

  /** The JDBC URL of an embedded journal in {@code folder}, with the settings it relies on. */
  public static String embeddedUrl(Path folder) {
    // WRITE_DELAY=0 writes the log at commit; append then forces it to disk.
    return "jdbc:h2:file:"
        + folder.toAbsolutePath().resolve("journal")
        + ";MODE=PostgreSQL;DATABASE_TO_LOWER=TRUE;DEFAULT_NULL_ORDERING=HIGH"
        + ";WRITE_DELAY=0;DB_CLOSE_ON_EXIT=FALSE";
  }

  /**
   * Opens the journal and brings its tables up to date.
   *
   * @param passwordFile holds the password on one line; empty for none
   * @throws IOException if another process has it open, or the database does not answer
   */
  public static SqlJournal open(
      String jdbcUrl, String user, Optional<Path> passwordFile, InstantSource clock)
      throws IOException {
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl(jdbcUrl);
    config.setUsername(user);
    if (passwordFile.isPresent()) {
      config.setPassword(Files.readString(passwordFile.get(), StandardCharsets.UTF_8).strip());
    }
    config.setMaximumPoolSize(CONNECTIONS_MAX);
    config.setMinimumIdle(0);
    config.setMaxLifetime(0); // the writer's connection is held as long as the journal
    config.setAutoCommit(false);
    config.setPoolName("journal");
    config.setInitializationFailTimeout(1);
    boolean embedded = jdbcUrl.startsWith("jdbc:h2:");
    HikariDataSource database = null;
    try {
      database = new HikariDataSource(config);
      Connection writer = database.getConnection();
      if (!embedded) {
        lock(writer);
      }
      Flyway.configure()
          .dataSource(database)
          .locations("classpath:db/migration")
          .loggers("slf4j")
          .load()
          .migrate();
      return new SqlJournal(database, writer, embedded, clock);
    } catch (SQLException
        | FlywayException
        | com.zaxxer.hikari.pool.HikariPool.PoolInitializationException failed) {
      if (database != null) {
        database.close();
      }
      throw refused(jdbcUrl, failed);
    } catch (IOException locked) {
      if (database != null) {
        database.close();
      }
      throw locked;
    }
  }

  @Override
  public synchronized List<JournalEntry> append(List<JournalEntry.Event> events)
      throws JournalConflict, IOException {
    if (events.isEmpty()) {
      return List.of();
    }
    Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
    try {
      checkKeys(events);
      List<JournalEntry> entries = new ArrayList<>(events.size());
      byte[] hash = lastHash;
      try (PreparedStatement insert =
          writer.prepareStatement(
              "insert into journal ("
                  + COLUMNS
                  + ") values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")) {
        for (JournalEntry.Event event : events) {
          JournalEntry entry = new JournalEntry(last + entries.size() + 1, now, event);
          byte[] next = EntryHash.next(hash, entry);
          bind(insert, entry, hash, next);
          insert.addBatch();
          entries.add(entry);
          hash = next;
        }
        var _ = insert.executeBatch();
      }
      FailPoint.JOURNAL_UNCOMMITTED.reachDisk();
      writer.commit();
      if (embedded) {
        force();
      }
      last += entries.size();
      lastHash = hash;
      return List.copyOf(entries);
    } catch (SQLException failed) {
      undo(failed);
      throw new IOException(
          "append %d events to journal stream %s after entry %d: %s"
              .formatted(events.size(), events.getFirst().stream(), last, failed.getMessage()),
          failed);
    } catch (JournalConflict conflict) {
      undo(conflict);
      throw conflict;
    }
  }

  @Override
  public void replay(String stream, Consumer<JournalEntry> reader) throws IOException {
    String query = "select " + COLUMNS + " from journal where stream = ? order by sequence";
    try (Connection connection = database.getConnection();
        PreparedStatement read = connection.prepareStatement(query)) {
      read.setFetchSize(FETCH_ROWS);
      read.setString(1, stream);
      try (ResultSet row = read.executeQuery()) {
        while (row.next()) {
          reader.accept(entry(row));
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
    try (Connection connection = database.getConnection();
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
    String query = "select " + COLUMNS + " from journal where sequence > ? order by sequence";
    try (Connection connection = database.getConnection();
        PreparedStatement read = connection.prepareStatement(query)) {
      read.setFetchSize(FETCH_ROWS);
      read.setLong(1, after);
      try (ResultSet row = read.executeQuery()) {
        while (row.next()) {
          reader.accept(new JournalEntry.Stored(entry(row), row.getBytes(7), row.getBytes(8)));
        }
      }
      connection.rollback();
    } catch (SQLException failed) {
      throw new IOException(
          "read the journal after entry %d: %s".formatted(after, failed.getMessage()), failed);
    }
  }

  @Override
  public void hashes(long after, long last, Consumer<Fingerprint> reader) throws IOException {
    String query =
        "select hash from journal where sequence > ? and sequence <= ? order by sequence";
    try (Connection connection = database.getConnection();
        PreparedStatement read = connection.prepareStatement(query)) {
      read.setFetchSize(FETCH_ROWS);
      read.setLong(1, after);
      read.setLong(2, last);
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
      writer.rollback();
      writer.close(); // given back first: the pool would end a connection in use only later
    } catch (SQLException broken) {
      LOG.debug("give the writer's connection back", broken);
    }
    database.close(); // and with the connections goes the lock
  }

  private void checkKeys(List<JournalEntry.Event> events) throws SQLException, JournalConflict {
    Set<List<String>> seen = new HashSet<>();
    try (PreparedStatement find =
        writer.prepareStatement("select 1 from journal where stream = ? and idem_key = ?")) {
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

  private static void bind(PreparedStatement insert, JournalEntry entry, byte[] prev, byte[] hash)
      throws SQLException {
    insert.setLong(1, entry.sequence());
    insert.setLong(2, EntryHash.micros(entry.time()));
    insert.setString(3, entry.event().stream());
    insert.setString(4, entry.event().type());
    insert.setString(5, entry.event().key());
    insert.setBytes(6, entry.event().body());
    insert.setBytes(7, prev);
    insert.setBytes(8, hash);
    Attribution by = entry.event().doneBy();
    insert.setString(9, by.actor());
    insert.setString(10, by.role());
    insert.setBytes(11, by.context().map(Fingerprint::bytes).orElse(null));
    insert.setBytes(12, by.subject().map(Fingerprint::bytes).orElse(null));
  }

  private static JournalEntry entry(ResultSet row) throws SQLException {
    Optional<String> actor = Optional.ofNullable(row.getString(9));
    return new JournalEntry(
        row.getLong(1),
        EntryHash.instant(row.getLong(2)),
        new JournalEntry.Event(
            row.getString(3),
            row.getString(4),
            row.getString(5),
            row.getBytes(6),
            actor.isEmpty() ? Optional.empty() : Optional.of(attribution(actor.get(), row))));
  }

  private static Attribution attribution(String actor, ResultSet row) throws SQLException {
    try {
      return new Attribution(
          actor,
          row.getString(10),
          Optional.ofNullable(row.getBytes(11)).map(Fingerprint::new),
          Optional.ofNullable(row.getBytes(12)).map(Fingerprint::new));
    } catch (IllegalArgumentException | NullPointerException changed) {
      throw new SQLException(
          "entry %d was changed: %s".formatted(row.getLong(1), changed.getMessage()), changed);
    }
  }

  /** H2 hands a commit to the operating system; this makes it survive the loss of power. */
  private void force() throws SQLException {
    try (Statement checkpoint = writer.createStatement()) {
      checkpoint.execute("checkpoint sync");
    }
  }

  private void undo(Exception cause) {
    try {
      writer.rollback();
    } catch (SQLException broken) {
      cause.addSuppressed(broken);
    }
  }

  private static void lock(Connection writer) throws SQLException, IOException {
    try (PreparedStatement ask = writer.prepareStatement("select pg_try_advisory_lock(?)")) {
      ask.setLong(1, WRITER_LOCK);
      try (ResultSet row = ask.executeQuery()) {
        if (!row.next() || !row.getBoolean(1)) {
          throw new IOException("open journal: another coordinator is writing to this database");
        }
      }
    }
    writer.commit();
  }

  private static IOException refused(String jdbcUrl, Exception failed) {
    String place = jdbcUrl.replaceAll("[;?].*", "");
    for (Throwable cause = failed; cause != null; cause = cause.getCause()) {
      if (cause instanceof SQLException sql && sql.getErrorCode() == H2_IN_USE) {
        return new IOException(
            "open journal %s: another coordinator has it open; stop that one first"
                .formatted(place),
            failed);
      }
    }
    return new IOException("open journal %s: %s".formatted(place, failed.getMessage()), failed);
  }
}
