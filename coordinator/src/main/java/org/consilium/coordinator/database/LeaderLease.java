package org.consilium.coordinator.database;

import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * The right to write, held by one process at a time: a row with the holder, a token that grows with
 * every change of hands, and when it ends by the database's clock. Time decides who may ask for it;
 * the token decides who may write. A process that was stopped and comes back writes nothing,
 * whatever its clock says: {@link #check} finds a higher token. Safe for use by many threads.
 */
public final class LeaderLease {
  private static final long NANOS_PER_MICRO = 1_000;
  private static final String NOW =
      "cast(extract(epoch from current_timestamp) * 1000000 as bigint)";

  private final Database database;
  private final String holder;
  private final long token;
  private final Duration life;
  private final LongSupplier nanos;
  private volatile long until;

  private LeaderLease(Database database, String holder, long token, Terms terms, long until) {
    this.database = database;
    this.holder = holder;
    this.token = token;
    this.life = terms.life();
    this.nanos = terms.nanos();
    this.until = until;
  }

  /**
   * How a lease runs.
   *
   * @param life how long it holds without a renewal
   * @param nanos a clock that only goes forward
   */
  public record Terms(Duration life, LongSupplier nanos) {}

  /**
   * What came of asking.
   *
   * @param lease if it is ours
   * @param holder who has it otherwise
   * @param left how long that one still has
   */
  public record Answer(Optional<LeaderLease> lease, String holder, Duration left) {}

  /**
   * Asks for the lease. It is given when it has ended, when {@code holder} had it before, and on an
   * embedded database, whose file no second process can open.
   */
  public static Answer ask(Database database, String holder, Terms terms) throws IOException {
    long asked = terms.nanos().getAsLong();
    try (Connection connection = database.connection()) {
      try {
        Answer answer = ask(connection, database, holder, terms, asked);
        connection.commit();
        return answer;
      } catch (SQLException failed) {
        connection.rollback();
        throw failed;
      }
    } catch (SQLException failed) {
      throw new IOException("ask for the leader's lease: " + failed.getMessage(), failed);
    }
  }

  private static Answer ask(
      Connection connection, Database database, String holder, Terms terms, long asked)
      throws SQLException, IOException {
    long token;
    try (PreparedStatement read =
            connection.prepareStatement(
                "select token, holder, until_micros, "
                    + NOW
                    + " from leader where id = 1 for update");
        ResultSet row = read.executeQuery()) {
      if (!row.next()) {
        throw new IOException("ask for the leader's lease: its row is missing");
      }
      long left = row.getLong(3) - row.getLong(4);
      if (left > 0 && !database.embedded() && !row.getString(2).equals(holder)) {
        Duration time = Duration.ofNanos(left * NANOS_PER_MICRO);
        return new Answer(Optional.empty(), row.getString(2), time);
      }
      token = row.getLong(1) + 1;
    }
    try (PreparedStatement write =
        connection.prepareStatement(
            "update leader set token = ?, holder = ?, until_micros = "
                + NOW
                + " + ? where id = 1")) {
      write.setLong(1, token);
      write.setString(2, holder);
      write.setLong(3, micros(terms.life()));
      int _ = write.executeUpdate();
    }
    long until = asked + terms.life().toNanos();
    return new Answer(
        Optional.of(new LeaderLease(database, holder, token, terms, until)), holder, terms.life());
  }

  /**
   * Lengthens the lease by its life, from now on.
   *
   * @throws LeaseLost if another process has it
   * @throws SQLException if the database does not say; the lease runs on as it was
   */
  public void renew() throws LeaseLost, SQLException {
    if (database.embedded()) {
      return; // nobody else can ask, and a pilot that does nothing writes nothing
    }
    long asked = nanos.getAsLong();
    try (Connection connection = database.connection()) {
      int rows = set(connection, NOW + " + " + micros(life));
      connection.commit();
      if (rows == 0) {
        throw lost();
      }
      until = asked + life.toNanos();
    }
  }

  /** Gives the lease back, so that nobody has to wait for its end. */
  public void release() throws SQLException {
    until = nanos.getAsLong();
    try (Connection connection = database.connection()) {
      int _ = set(connection, "0");
      connection.commit();
    }
  }

  private int set(Connection connection, String until) throws SQLException {
    try (PreparedStatement write =
        connection.prepareStatement(
            "update leader set until_micros = " + until + " where id = 1 and token = ?")) {
      write.setLong(1, token);
      return write.executeUpdate();
    }
  }

  /**
   * Makes sure that the transaction of {@code connection} is the leader's: until it ends, nobody
   * else can become the leader.
   *
   * @throws LeaseLost if another process has the lease
   */
  public void check(Connection connection) throws LeaseLost, SQLException {
    String query = "select token from leader where id = 1";
    try (PreparedStatement read =
            connection.prepareStatement(database.embedded() ? query : query + " for share");
        ResultSet row = read.executeQuery()) {
      if (!row.next() || row.getLong(1) != token) {
        throw lost();
      }
    }
  }

  /**
   * Readies a connection for writing: should this process stop amid a transaction, it is undone.
   */
  public void prepare(Connection connection) throws SQLException {
    if (!database.embedded()) {
      try (var statement = connection.createStatement()) {
        boolean _ =
            statement.execute(
                "set idle_in_transaction_session_timeout = " + Math.max(1, life.toMillis()));
      }
      connection.commit();
    }
  }

  /** Whether the lease still runs by this process's own clock; always on an embedded database. */
  public boolean held() {
    return database.embedded() || nanos.getAsLong() - until < 0;
  }

  /** Grows with every change of hands. */
  public long token() {
    return token;
  }

  /** How long it holds without a renewal. */
  public Duration life() {
    return life;
  }

  private LeaseLost lost() {
    return new LeaseLost(
        "the lease %d of %s is over: another coordinator leads".formatted(token, holder));
  }

  private static long micros(Duration life) {
    return life.toNanos() / NANOS_PER_MICRO;
  }
}
