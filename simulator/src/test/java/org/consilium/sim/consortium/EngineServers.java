package org.consilium.sim.consortium;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.consilium.security.keyfile.KeyFile;
import org.consilium.sim.process.Pause;
import org.junit.jupiter.api.Assumptions;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;

/** A PostgreSQL server and an S3 service that checks signatures, for tests of several replicas. */
final class EngineServers implements AutoCloseable {
  private static final String ACCESS = "consilium";
  private static final String SECRET = "a test's secret key";
  private static final String BUCKET = "replicas";
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
        FOLDERS.stream().filter(f -> Files.isExecutable(f.resolve("initdb"))).findFirst();
    if (System.getenv("CI") == null && (programs.isEmpty() || !Files.exists(S3PROXY))) {
      Assumptions.abort("SKIP: initdb or %s is missing".formatted(S3PROXY));
    }
    Files.createDirectories(folder);
    Path data = Files.createTempDirectory("consilium-postgres");
    if (isRoot()) {
      run(List.of("chown", "postgres", data.toString()));
    }
    EngineServers servers = new EngineServers(programs.orElseThrow(), data, folder);
    servers.postgres("initdb", "-A", "trust", "-U", "postgres", "-D", data + "/db");
    servers.postgresUp();
    servers.execute("postgres", "create database consilium");
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
        url("consilium"),
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
    postgres("pg_ctl", "-w", "-D", data + "/db", "-m", "immediate", "stop");
    postgresUp();
  }

  /** A number that a query of the coordinator's database answers. */
  long count(String sql) throws java.sql.SQLException {
    try (var connection = DriverManager.getConnection(url("consilium"), "postgres", "");
        var statement = connection.createStatement();
        var row = statement.executeQuery(sql)) {
      if (!row.next()) {
        throw new java.sql.SQLException("no row: " + sql);
      }
      return row.getLong(1);
    }
  }

  private void postgresUp() throws IOException {
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
    Files.writeString(
        settings,
        """
        s3proxy.endpoint=%s
        s3proxy.authorization=aws-v4
        s3proxy.identity=%s
        s3proxy.credential=%s
        jclouds.provider=transient-nio2
        jclouds.identity=none
        jclouds.credential=none
        """
            .formatted(endpoint(), ACCESS, SECRET));
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
        bucket();
        return;
      } catch (java.net.ConnectException notYet) {
        Pause.of(java.time.Duration.ofMillis(100));
      }
    }
    throw new IOException("S3Proxy did not start: " + Files.readString(output, UTF_8));
  }

  private void bucket() {
    try (S3Client client =
        S3Client.builder()
            .httpClientBuilder(UrlConnectionHttpClient.builder())
            .region(Region.US_EAST_1)
            .endpointOverride(endpoint())
            .forcePathStyle(true)
            .credentialsProvider(
                StaticCredentialsProvider.create(AwsBasicCredentials.create(ACCESS, SECRET)))
            .build()) {
      client.createBucket(r -> r.bucket(BUCKET));
    }
  }

  private URI endpoint() {
    return URI.create("http://127.0.0.1:" + s3Port);
  }

  private String url(String database) {
    return "jdbc:postgresql://127.0.0.1:%d/%s".formatted(postgresPort, database);
  }

  private void execute(String database, String sql) throws java.sql.SQLException {
    try (var connection = DriverManager.getConnection(url(database), "postgres", "");
        var statement = connection.createStatement()) {
      boolean _ = statement.execute(sql);
    }
  }

  @Override
  public void close() throws IOException {
    s3.ifPresent(Process::destroyForcibly);
    postgres("pg_ctl", "-D", data + "/db", "-m", "immediate", "stop");
  }

  private static boolean isRoot() {
    return "root".equals(System.getProperty("user.name"));
  }

  private void postgres(String program, String... arguments) throws IOException {
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
    try {
      if (!process.waitFor(90, TimeUnit.SECONDS) || process.exitValue() != 0) {
        throw new IOException(command + ": " + Files.readString(output, UTF_8));
      }
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
