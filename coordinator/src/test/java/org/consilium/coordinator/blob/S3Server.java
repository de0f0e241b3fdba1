package org.consilium.coordinator.blob;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/**
 * S3Proxy in a process of its own, with buckets in memory. It checks the signature of every
 * request. Maven puts its jar beside the classes.
 */
final class S3Server implements AutoCloseable {
  static final String ACCESS = "consilium";
  static final String SECRET = "a test's secret key";

  private static final Path JAR = Path.of("target", "servers", "s3proxy.jar");

  private final Process process;
  private final URI endpoint;

  private S3Server(Process process, URI endpoint) {
    this.process = process;
    this.endpoint = endpoint;
  }

  /** Starts the server; skips the test, with the reason, where its jar is not there. */
  static S3Server start(Path folder) throws Exception {
    if (!Files.exists(JAR) && System.getenv("CI") == null) {
      Assumptions.abort("SKIP: %s is not there; mvn generate-test-resources".formatted(JAR));
    }
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    Path settings = folder.resolve("s3proxy.conf");
    Path output = folder.resolve("s3proxy.log");
    Files.writeString(
        settings,
        """
        s3proxy.endpoint=http://127.0.0.1:%d
        s3proxy.authorization=aws-v4
        s3proxy.identity=%s
        s3proxy.credential=%s
        jclouds.provider=transient-nio2
        jclouds.identity=none
        jclouds.credential=none
        """
            .formatted(port, ACCESS, SECRET));
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-jar",
                JAR.toString(),
                "--properties",
                settings.toString())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    S3Server server = new S3Server(process, URI.create("http://127.0.0.1:" + port));
    for (int i = 0; i < 600; i++) {
      try (Socket _ = new Socket(InetAddress.getLoopbackAddress(), port)) {
        return server;
      } catch (IOException notYet) {
        if (process.waitFor(100, TimeUnit.MILLISECONDS)) {
          break;
        }
      }
    }
    server.close();
    throw new IOException("S3Proxy did not start: " + Files.readString(output, UTF_8));
  }

  StorePlace place(String url, Path folder) throws IOException {
    Path credentials = folder.resolve("s3.credentials");
    if (!Files.exists(credentials)) {
      org.consilium.security.keyfile.KeyFile.create(
          credentials, (ACCESS + "\n" + SECRET + "\n").getBytes(UTF_8));
    }
    return new StorePlace(
        URI.create(url),
        Optional.of(endpoint),
        Optional.empty(),
        Optional.of(credentials),
        folder.resolve("store.key"));
  }

  /** Makes a bucket, which a coordinator does not. */
  void bucket(String name) {
    try (var client =
        software.amazon.awssdk.services.s3.S3Client.builder()
            .httpClientBuilder(
                software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient.builder())
            .region(software.amazon.awssdk.regions.Region.US_EAST_1)
            .endpointOverride(endpoint)
            .forcePathStyle(true)
            .credentialsProvider(
                software.amazon.awssdk.auth.credentials.StaticCredentialsProvider.create(
                    software.amazon.awssdk.auth.credentials.AwsBasicCredentials.create(
                        ACCESS, SECRET)))
            .build()) {
      client.createBucket(r -> r.bucket(name));
    }
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
