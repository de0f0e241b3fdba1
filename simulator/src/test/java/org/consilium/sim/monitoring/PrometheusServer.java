package org.consilium.sim.monitoring;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.consilium.sim.process.Pause;

/** A real Prometheus on loopback that scrapes one page every second and keeps it in a folder. */
final class PrometheusServer implements AutoCloseable {
  private static final Duration START_MAX = Duration.ofSeconds(30);
  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  private final Process process;
  private final URI base;
  private final HttpClient http = HttpClient.newHttpClient();

  private PrometheusServer(Process process, URI base) {
    this.process = process;
    this.base = base;
  }

  /** A program of the Debian package, or nothing with the reason printed. */
  static Optional<Path> program(String name) {
    for (String folder : System.getenv().getOrDefault("PATH", "").split(":", -1)) {
      Path program = Path.of(folder, name);
      if (Files.isExecutable(program)) {
        return Optional.of(program);
      }
    }
    System.err.printf("skipped: %s is not on the PATH; apt-get install prometheus%n", name);
    return Optional.empty();
  }

  static PrometheusServer start(Path program, Path folder, int scraped, Path rules)
      throws IOException, InterruptedException {
    int port = freePort();
    Path config = folder.resolve("prometheus.yml");
    Files.writeString(
        config,
        """
        global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
        rule_files: ["%s"]
        scrape_configs:
          - {job_name: coordinator, static_configs: [{targets: ["127.0.0.1:%d"]}]}
        """
            .formatted(rules, scraped),
        StandardCharsets.UTF_8);
    Process process =
        new ProcessBuilder(
                program.toString(),
                "--config.file=" + config,
                "--storage.tsdb.path=" + folder.resolve("data"),
                "--web.listen-address=127.0.0.1:" + port)
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("prometheus.log").toFile())
            .start();
    PrometheusServer server = new PrometheusServer(process, URI.create("http://127.0.0.1:" + port));
    server.awaitReady(folder.resolve("prometheus.log"));
    return server;
  }

  /** Value of each series that an instant query answers with. */
  List<Double> now(String expression) throws IOException, InterruptedException {
    List<Double> values = new ArrayList<>();
    for (JsonNode series : result("/api/v1/query?query=" + encoded(expression))) {
      values.add(Double.parseDouble(series.path("value").path(1).asText()));
    }
    return values;
  }

  /** All values of all series between two moments, one a second. */
  List<Double> between(String expression, Instant from, Instant to)
      throws IOException, InterruptedException {
    List<Double> values = new ArrayList<>();
    JsonNode found =
        result(
            "/api/v1/query_range?step=1&start=%d&end=%d&query=%s"
                .formatted(from.getEpochSecond(), to.getEpochSecond(), encoded(expression)));
    for (JsonNode series : found) {
      for (JsonNode point : series.path("values")) {
        values.add(Double.parseDouble(point.path(1).asText()));
      }
    }
    return values;
  }

  /** All rules as loaded, with their health and state. */
  List<JsonNode> rules() throws IOException, InterruptedException {
    List<JsonNode> rules = new ArrayList<>();
    for (JsonNode group : get("/api/v1/rules").path("data").path("groups")) {
      group.path("rules").forEach(rules::add);
    }
    return rules;
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException _) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    http.close();
  }

  private void awaitReady(Path log) throws IOException, InterruptedException {
    Instant until = Instant.now().plus(START_MAX);
    while (true) {
      if (!process.isAlive() || Instant.now().isAfter(until)) {
        close();
        throw new IOException("start prometheus: " + Files.readString(log));
      }
      try {
        HttpResponse<String> ready = send("/-/ready");
        if (ready.statusCode() == 200) {
          return;
        }
      } catch (IOException notYet) {
        Pause.of(Duration.ofMillis(100));
      }
    }
  }

  private JsonNode result(String path) throws IOException, InterruptedException {
    return get(path).path("data").path("result");
  }

  private JsonNode get(String path) throws IOException, InterruptedException {
    HttpResponse<String> response = send(path);
    if (response.statusCode() != 200) {
      throw new IOException("%s: %d %s".formatted(path, response.statusCode(), response.body()));
    }
    return MAPPER.readTree(response.body());
  }

  private HttpResponse<String> send(String path) throws IOException, InterruptedException {
    return http.send(
        HttpRequest.newBuilder(URI.create(base + path)).timeout(Duration.ofSeconds(20)).build(),
        HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8));
  }

  private static String encoded(String expression) {
    return URLEncoder.encode(expression, StandardCharsets.UTF_8);
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }
}
