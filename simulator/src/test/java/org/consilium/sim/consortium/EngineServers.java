package org.consilium.sim.consortium;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.consilium.security.keyfile.KeyFile;
import org.consilium.sim.process.Pause;
import org.junit.jupiter.api.Assumptions;

/** A PostgreSQL server and an S3 service that checks signatures, for tests of several replicas. */
final class EngineServers implements AutoCloseable {
  private static final String ACCESS = "consilium";
  private static final String SECRET = "a test's secret key";
  private static final String BUCKET = "replicas";
  private static final String DATABASE = "consilium";
  private static final Path S3PROXY =
      Path.of("..", "coordinator", "target", "servers", "s3proxy.jar");
  private static final List<Path> FOLDERS =
      Stream.concat(
              Stream.of(System.getenv("PATH").split(":")).map(Path::of),
              Stream.of("17", "16", "15").map(v -> Path.of("/usr/lib/postgresql", v, "bin")))
          .toList();

  private final Path programs;
  private final Path data;
  private final Path folder;
  private final int postgresPort;
  private final int s3Port;
  private Optional<Process> s3 = Optional.empty();

  private EngineServers(Path programs, Path data, Path folder) throws IOException {
    this.programs = programs;
    this.data = data;
    this.folder = folder;
    this.postgresPort = freePort();
    this.s3Port = freePort();
  }

  /** Starts both; skips the test, with the reason, where one is not installed. */
  static EngineServers start(Path folder) throws Exception {
    Optional<Path> programs =
        FOLDERS.stream()
            .filter(f -> Files.isExecutable(f.resolve("initdb")))
            .filter(f -> Files.isExecutable(f.resolve("psql")))
            .findFirst();
    if (System.getenv("CI") == null && (programs.isEmpty() || !Files.exists(S3PROXY))) {
      Assumptions.abort("SKIP: initdb or %s is missing".formatted(S3PROXY));
    }
    Files.createDirectories(folder);
    Path data = Files.createTempDirectory("consilium-postgres");
    if (isRoot()) {
      var _ = run(List.of("chown", "postgres", data.toString()));
    }
    EngineServers servers = new EngineServers(programs.orElseThrow(), data, folder);
    var _ = servers.postgres("initdb", "-A", "trust", "-U", "postgres", "-D", data + "/db");
    servers.postgresUp();
    var _ =
        servers.postgres(
            "createdb", "-h", "127.0.0.1", "-p", servers.port(), "-U", "postgres", DATABASE);
    servers.s3Up();
    return servers;
  }

  /** Options of {@code coordinator serve} that name both. */
  List<String> options() throws IOException {
    Path credentials = folder.resolve("s3.credentials");
    Path key = folder.resolve("store.key");
    if (!Files.exists(key)) {
      KeyFile.create(credentials, (ACCESS + "\n" + SECRET + "\n").getBytes(UTF_8));
      KeyFile.create(key, "a secret of the operator, the same for both".getBytes(UTF_8));
    }
    return List.of(
        "--database-url",
        "jdbc:postgresql://127.0.0.1:%d/%s".formatted(postgresPort, DATABASE),
        "--database-user",
        "postgres",
        "--store",
        "s3://" + BUCKET + "/pilot",
        "--store-endpoint",
        endpoint().toString(),
        "--store-credentials-file",
        credentials.toString(),
        "--store-key-file",
        key.toString());
  }

  /** Ends PostgreSQL as a crash does, and starts it again. */
  void restartPostgres() throws IOException {
    var _ = postgres("pg_ctl", "-w", "-D", data + "/db", "-m", "immediate", "stop");
    postgresUp();
  }

  /** A number that a query of the coordinator's database answers. */
  long count(String sql) throws IOException {
    String answer =
        postgres("psql", "-h", "127.0.0.1", "-p", port(), "-U", "postgres", "-tAc", sql, DATABASE);
    return Long.parseLong(answer.strip());
  }

  private String port() {
    return Integer.toString(postgresPort);
  }

  private void postgresUp() throws IOException {
    var _ =
        postgres(
            "pg_ctl",
            "-w",
            "-D",
            data + "/db",
            "-l",
            data + "/log",
            "-o",
            "-p " + postgresPort + " -c listen_addresses=127.0.0.1 -k " + data,
            "start");
  }

  private void s3Up() throws IOException, InterruptedException {
    Path settings = folder.resolve("s3proxy.conf");
    Path output = folder.resolve("s3proxy.log");
    Path buckets = folder.resolve("buckets");
    Files.createDirectories(buckets.resolve(BUCKET));
    Files.writeString(
        settings,
        """
        s3proxy.endpoint=%s
        s3proxy.authorization=aws-v4
        s3proxy.identity=%s
        s3proxy.credential=%s
        jclouds.provider=filesystem-nio2
        jclouds.filesystem.basedir=%s
        jclouds.identity=none
        jclouds.credential=none
        """
            .formatted(endpoint(), ACCESS, SECRET, buckets));
    String program = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    Process process =
        new ProcessBuilder(
                program,
                "-Xmx192m",
                "-jar",
                S3PROXY.toString(),
                "--properties",
                settings.toString())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    s3 = Optional.of(process);
    for (int i = 0; i < 1200; i++) {
      try (Socket _ = new Socket(InetAddress.getLoopbackAddress(), s3Port)) {
        return;
      } catch (java.net.ConnectException notYet) {
        Pause.of(java.time.Duration.ofMillis(100));
      }
    }
    throw new IOException("S3Proxy did not start: " + Files.readString(output, UTF_8));
  }

  private URI endpoint() {
    return URI.create("http://127.0.0.1:" + s3Port);
  }

  @Override
  public void close() throws IOException {
    s3.ifPresent(Process::destroyForcibly);
    var _ = postgres("pg_ctl", "-D", data + "/db", "-m", "immediate", "stop");
  }

  private static boolean isRoot() {
    return "root".equals(System.getProperty("user.name"));
  }

  private String postgres(String program, String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    if (isRoot()) {
      command.addAll(List.of("runuser", "-u", "postgres", "--"));
    }
    command.add(programs.resolve(program).toString());
    command.addAll(List.of(arguments));
    return run(command);
  }

  /** Runs a program to its good end, and answers what it printed. */
  private static String run(List<String> command) throws IOException {
    Path output = Files.createTempFile("postgres", ".log");
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .directory(new java.io.File("/"))
            .start();
    try {
      if (!process.waitFor(90, TimeUnit.SECONDS) || process.exitValue() != 0) {
        throw new IOException(command + ": " + Files.readString(output, UTF_8));
      }
      return Files.readString(output, UTF_8);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      throw new IOException(command + ": interrupted", stopped);
    }
  }

  static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
