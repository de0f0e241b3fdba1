package org.consilium.coordinator.database;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** A PostgreSQL server for a test, where its programs are installed. */
public final class PostgresServer implements AutoCloseable {
  private static final List<Path> FOLDERS =
      Stream.concat(
              Stream.of(System.getenv("PATH").split(":")).map(Path::of),
              Stream.of("17", "16", "15").map(v -> Path.of("/usr/lib/postgresql", v, "bin")))
          .toList();

  private final Path programs;
  private final Path data;
  private final int port;
  private int databases;

  private PostgresServer(Path programs, Path data, int port) {
    this.programs = programs;
    this.data = data;
    this.port = port;
  }

  /** Starts a new server; skips the test, with the reason, where there is none to start. */
  public static PostgresServer start() throws Exception {
    Optional<Path> programs =
        FOLDERS.stream().filter(f -> Files.isExecutable(f.resolve("initdb"))).findFirst();
    if (programs.isEmpty() && System.getenv("CI") == null) {
      Assumptions.abort("SKIP: initdb is neither on the PATH nor under /usr/lib/postgresql");
    }
    Path data = Files.createTempDirectory("consilium-postgres");
    if (isRoot()) {
      run(List.of("chown", "postgres", data.toString()));
    }
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    PostgresServer server = new PostgresServer(programs.orElseThrow(), data, port);
    server.program("initdb", "-A", "trust", "-U", "postgres", "-D", data + "/db");
    server.up();
    return server;
  }

  /** Starts it again. */
  public void up() throws IOException {
    program(
        "pg_ctl",
        "-w",
        "-D",
        data + "/db",
        "-l",
        data + "/log",
        "-o",
        "-p " + port + " -c listen_addresses=127.0.0.1 -k " + data,
        "start");
  }

  /** Stops it without letting anybody finish, as a crash does. */
  public void down() throws IOException {
    program("pg_ctl", "-w", "-D", data + "/db", "-m", "immediate", "stop");
  }

  /** Makes an empty database. */
  public Database.Place fresh() throws SQLException {
    databases++;
    String name = "journal" + databases;
    execute("postgres", "create database " + name);
    return new Database.Place(url(name), "postgres", Optional.empty());
  }

  /** The database that was made last. */
  public Database.Place newest() {
    return new Database.Place(url("journal" + databases), "postgres", Optional.empty());
  }

  /** A connection of its own to the newest database. */
  public Connection connect() throws SQLException {
    return DriverManager.getConnection(url("journal" + databases), "postgres", "");
  }

  /** Runs a statement in the newest database. */
  public void execute(String sql) throws SQLException {
    execute("journal" + databases, sql);
  }

  private void execute(String database, String sql) throws SQLException {
    try (var connection = DriverManager.getConnection(url(database), "postgres", "");
        var statement = connection.createStatement()) {
      boolean _ = statement.execute(sql);
    }
  }

  private String url(String database) {
    return "jdbc:postgresql://127.0.0.1:%d/%s".formatted(port, database);
  }

  @Override
  public void close() throws IOException {
    program("pg_ctl", "-D", data + "/db", "-m", "immediate", "stop");
  }

  private static boolean isRoot() {
    return "root".equals(System.getProperty("user.name"));
  }

  private void program(String program, String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    if (isRoot()) {
      command.addAll(List.of("runuser", "-u", "postgres", "--"));
    }
    command.add(programs.resolve(program).toString());
    command.addAll(List.of(arguments));
    run(command);
  }

  private static void run(List<String> command) throws IOException {
    Path output = Files.createTempFile("postgres", ".log");
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .directory(new java.io.File("/"))
            .start();
    boolean ended;
    try {
      ended = process.waitFor(60, TimeUnit.SECONDS);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      throw new IOException(command + ": interrupted", stopped);
    }
    if (!ended || process.exitValue() != 0) {
      throw new IOException(command + ": " + Files.readString(output, UTF_8));
    }
  }
}
