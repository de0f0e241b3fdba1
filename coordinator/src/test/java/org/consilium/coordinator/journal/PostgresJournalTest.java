package org.consilium.coordinator.journal;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The contract on a PostgreSQL server started for the test, where its programs are installed. */
@Tag("postgres")
final class PostgresJournalTest extends JournalContract {
  private static final List<Path> FOLDERS =
      Stream.concat(
              Stream.of(System.getenv("PATH").split(":")).map(Path::of),
              Stream.of("17", "16", "15").map(v -> Path.of("/usr/lib/postgresql", v, "bin")))
          .toList();

  private static Optional<Path> programs = Optional.empty();
  private static Path data = Path.of("");
  private static int port;
  private static int databases;

  @BeforeAll
  static void startServer() throws Exception {
    programs = FOLDERS.stream().filter(f -> Files.isExecutable(f.resolve("initdb"))).findFirst();
    if (programs.isEmpty()) {
      System.out.println("skipped: initdb is neither on the PATH nor under /usr/lib/postgresql");
    }
    assumeTrue(programs.isPresent());
    data = Files.createTempDirectory("consilium-postgres");
    if (isRoot()) {
      run(List.of("chown", "postgres", data.toString()));
    }
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    postgres("initdb", "-A", "trust", "-U", "postgres", "-D", data + "/db");
    postgres(
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

  @AfterAll
  static void stopServer() throws Exception {
    if (programs.isPresent()) {
      postgres("pg_ctl", "-D", data + "/db", "-m", "immediate", "stop");
    }
  }

  @Override
  Journal fresh(InstantSource clock) throws Exception {
    databases++;
    try (var connection = DriverManager.getConnection(url("postgres"), "postgres", "");
        var statement = connection.createStatement()) {
      statement.execute("create database journal" + databases);
    }
    return open(clock);
  }

  private static SqlJournal open(InstantSource clock) throws IOException {
    return SqlJournal.open(url("journal" + databases), "postgres", Optional.empty(), clock);
  }

  @Test
  void open_secondWriter_isRefusedInPlainWords() {
    assertThatThrownBy(() -> open(() -> NOW))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("another coordinator is writing");
  }

  @Test
  void append_writerWasCutOff_failsInsteadOfWritingUnlocked() throws Exception {
    journal.append(List.of(event("s", "a")));
    try (var connection = DriverManager.getConnection(url("journal" + databases), "postgres", "");
        var statement = connection.createStatement()) {
      statement.execute(
          "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'");
    }

    assertThatThrownBy(() -> journal.append(List.of(event("s", "b"))))
        .isInstanceOf(IOException.class);
    assertThat(all("s")).hasSize(1);
  }

  private static String url(String database) {
    return "jdbc:postgresql://127.0.0.1:%d/%s".formatted(port, database);
  }

  private static boolean isRoot() {
    return "root".equals(System.getProperty("user.name"));
  }

  private static void postgres(String program, String... arguments) throws Exception {
    List<String> command = new ArrayList<>();
    if (isRoot()) {
      command.addAll(List.of("runuser", "-u", "postgres", "--"));
    }
    command.add(programs.orElseThrow().resolve(program).toString());
    command.addAll(List.of(arguments));
    run(command);
  }

  private static void run(List<String> command) throws Exception {
    Path output = Files.createTempFile("postgres", ".log");
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .directory(new java.io.File("/"))
            .start();
    boolean ended = process.waitFor(60, TimeUnit.SECONDS);
    if (!ended || process.exitValue() != 0) {
      throw new IOException(command + ": " + Files.readString(output, UTF_8));
    }
  }
}
