package org.consilium.coordinator.database;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.pool.HikariPool.PoolInitializationException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;
import org.consilium.security.keyfile.KeyFile;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;

/** An open database with its tables up to date: an H2 file, or PostgreSQL. Close it. */
public final class Database implements AutoCloseable {
  /** The writer's own and those of readers. */
  public static final int CONNECTIONS_MAX = 6;

  private static final int H2_IN_USE = 90020;

  /** Some services give out tokens of kilobytes as passwords. */
  private static final int PASSWORD_FILE_BYTES_MAX = 4096;

  /** How long a caller waits for a connection to a server that does not answer. */
  private static final long PATIENCE_MILLIS = 5_000;

  private final HikariDataSource pool;
  private final boolean embedded;

  private Database(HikariDataSource pool, boolean embedded) {
    this.pool = pool;
    this.embedded = embedded;
  }

  /**
   * Where a database is.
   *
   * @param url JDBC
   * @param passwordFile holds the password on one line, for its owner alone; empty for none
   */
  public record Place(String url, String user, Optional<Path> passwordFile) {
    /** An H2 file in a folder. */
    public static Place in(Path folder) {
      return new Place(embeddedUrl(folder), "sa", Optional.empty());
    }
  }

  /** The database did not answer at all: it may be starting. */
  public static final class Unreachable extends IOException {
    private static final long serialVersionUID = 1L;

    Unreachable(String message, Exception cause) {
      super(message, cause);
    }
  }

  /** The JDBC URL of a database in {@code folder}, with the settings that the journal relies on. */
  public static String embeddedUrl(Path folder) {
    // WRITE_DELAY=0 writes the log at commit; the journal then forces it to disk.
    return "jdbc:h2:file:"
        + folder.toAbsolutePath().resolve("journal")
        + ";MODE=PostgreSQL;DATABASE_TO_LOWER=TRUE;DEFAULT_NULL_ORDERING=HIGH"
        + ";WRITE_DELAY=0;DB_CLOSE_ON_EXIT=FALSE";
  }

  /**
   * Opens a database and brings its tables up to date.
   *
   * @throws Unreachable if a server does not answer
   * @throws IOException if another process has the file open, the server lets nobody in, or others
   *     may read the password file
   */
  public static Database open(Place place) throws IOException {
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl(place.url());
    config.setUsername(place.user());
    if (place.passwordFile().isPresent()) {
      byte[] password = KeyFile.read(place.passwordFile().get(), PASSWORD_FILE_BYTES_MAX);
      config.setPassword(new String(password, StandardCharsets.UTF_8).strip());
    }
    boolean embedded = place.url().startsWith("jdbc:h2:");
    config.setMaximumPoolSize(CONNECTIONS_MAX);
    config.setMinimumIdle(0);
    config.setMaxLifetime(0); // the writer's connection is held as long as the journal
    config.setAutoCommit(false);
    config.setPoolName("journal");
    config.setInitializationFailTimeout(1);
    if (!embedded) {
      config.setConnectionTimeout(PATIENCE_MILLIS);
    }
    HikariDataSource pool = null;
    try {
      pool = new HikariDataSource(config);
      Flyway.configure()
          .dataSource(pool)
          .locations("classpath:db/migration")
          .loggers("slf4j")
          .load()
          .migrate();
      return new Database(pool, embedded);
    } catch (FlywayException | PoolInitializationException failed) {
      if (pool != null) {
        pool.close();
      }
      throw refused(place.url(), failed);
    }
  }

  /** Whether it is a file of this process alone. */
  public boolean embedded() {
    return embedded;
  }

  /** A connection without automatic commits; close it to give it back. */
  public Connection connection() throws SQLException {
    return pool.getConnection();
  }

  /**
   * Makes what was committed survive the loss of power: H2 hands a commit to the operating system,
   * a server does this itself.
   */
  public void force(Connection connection) throws SQLException {
    if (embedded) {
      try (Statement checkpoint = connection.createStatement()) {
        boolean _ = checkpoint.execute("checkpoint sync");
      }
    }
  }

  /** Gives a connection up that no longer works, so that nobody gets it again. */
  public void forget(Connection broken) {
    pool.evictConnection(broken);
  }

  /**
   * Whether a statement failed for the moment: the server went away, or undid it for another's
   * sake. What was sent may or may not have been done.
   */
  public static boolean passing(SQLException failed) {
    for (Throwable cause = failed; cause != null; cause = cause.getCause()) {
      if (cause instanceof java.sql.SQLTransientConnectionException) {
        return true;
      }
      if (cause instanceof SQLException sql && sql.getSQLState() != null) {
        String state = sql.getSQLState();
        return state.startsWith("08") // connection
            || state.startsWith("40") // rolled back: serialization, deadlock
            || state.startsWith("57P") // shut down, starting up
            || state.equals("53300") // too many connections
            || state.startsWith("25P0"); // ended while it waited in a transaction
      }
    }
    return false;
  }

  /** What went wrong, without the values that were sent: they are in a batch's own message. */
  public static String words(SQLException failed) {
    SQLException plain = failed;
    while (plain instanceof java.sql.BatchUpdateException && plain.getNextException() != null) {
      plain = plain.getNextException();
    }
    return plain instanceof java.sql.BatchUpdateException
        ? "a batch was not done (%s)".formatted(plain.getSQLState())
        : String.valueOf(plain.getMessage());
  }

  @Override
  public void close() {
    pool.close();
  }

  private static IOException refused(String jdbcUrl, Exception failed) {
    String place = jdbcUrl.replaceAll("[;?].*", "");
    String message = "open journal %s: %s".formatted(place, failed.getMessage());
    for (Throwable cause = failed; cause != null; cause = cause.getCause()) {
      if (cause instanceof SQLException sql && sql.getErrorCode() == H2_IN_USE) {
        return new DatabaseInUse(
            "open journal %s: another coordinator has it open; stop that one first"
                .formatted(place),
            failed);
      }
      if (cause instanceof SQLException sql && passing(sql)) {
        return new Unreachable(message, failed);
      }
    }
    return new IOException(message, failed);
  }
}
