package org.consilium.sim.consortium;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.consilium.sim.process.Pause;

/**
 * The coordinator's REST interface, as an administrator uses it. Requests that meet a dead or
 * starting coordinator are repeated for a while: it may have been killed on purpose.
 */
public final class CoordinatorApi implements AutoCloseable {
  private static final Duration REQUEST_MAX = Duration.ofSeconds(60);
  private static final Duration PATIENCE = Duration.ofMinutes(4);
  private static final Duration BETWEEN_TRIES = Duration.ofMillis(200);
  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  private final URI base;
  private final String token;
  private final InstantSource clock;
  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(2))
          .build();

  /**
   * @param base for example {@code http://127.0.0.1:8080}
   * @param token administrator's bearer token
   */
  public CoordinatorApi(URI base, String token, InstantSource clock) {
    this.base = base;
    this.token = token;
    this.clock = clock;
  }

  /** Where people look. */
  public URI base() {
    return base;
  }

  /** Reads a resource. */
  public JsonNode get(String path) throws IOException, InterruptedException {
    return json(patiently(request(path).GET().build()));
  }

  /** A list that comes page by page, whole. */
  public JsonNode pages(String path) throws IOException, InterruptedException {
    ArrayNode all = JsonNodeFactory.instance.arrayNode();
    JsonNode page;
    do {
      page = get(path + "?from=" + all.size());
      page.forEach(all::add);
    } while (!page.isEmpty());
    return all;
  }

  /** Asks for an action; repeating it must be harmless. */
  public JsonNode post(String path, String type, String body)
      throws IOException, InterruptedException {
    return json(
        patiently(
            request(path)
                .header("Content-Type", type)
                .POST(HttpRequest.BodyPublishers.ofString(body, StandardCharsets.UTF_8))
                .build()));
  }

  /** Reads a resource into a file; the file is there whole or not at all. */
  public void download(String path, Path file) throws IOException, InterruptedException {
    Path part = file.resolveSibling(file.getFileName() + ".part");
    HttpResponse<Path> response =
        http.send(request(path).GET().build(), HttpResponse.BodyHandlers.ofFile(part));
    if (response.statusCode() != 200) {
      String said = Files.readString(part, StandardCharsets.ISO_8859_1);
      Files.delete(part);
      throw problem("GET " + path, response.statusCode(), said);
    }
    Files.move(part, file, StandardCopyOption.REPLACE_EXISTING);
  }

  @Override
  public void close() {
    http.close();
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(base.resolve(path))
        .timeout(REQUEST_MAX)
        .header("Accept", "application/json, text/yaml, text/plain, */*")
        .header("Authorization", "Bearer " + token);
  }

  private HttpResponse<String> patiently(HttpRequest request)
      throws IOException, InterruptedException {
    Instant until = clock.instant().plus(PATIENCE);
    while (true) {
      try {
        HttpResponse<String> response =
            http.send(request, HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8));
        if (response.statusCode() != 503) {
          return response;
        }
        if (clock.instant().isAfter(until)) {
          return response;
        }
      } catch (ConnectException dead) {
        if (clock.instant().isAfter(until)) {
          throw new IOException(
              "%s %s: the coordinator does not answer since %s"
                  .formatted(request.method(), request.uri().getPath(), PATIENCE),
              dead);
        }
      } catch (IOException cut) {
        if (clock.instant().isAfter(until)) {
          throw new IOException(
              "%s %s: %s".formatted(request.method(), request.uri().getPath(), cut.getMessage()),
              cut);
        }
      }
      Pause.of(BETWEEN_TRIES);
    }
  }

  private static JsonNode json(HttpResponse<String> response) throws IOException {
    String what = response.request().method() + " " + response.request().uri().getPath();
    if (response.statusCode() / 100 != 2) {
      throw problem(what, response.statusCode(), response.body());
    }
    return response.body().isBlank() ? MAPPER.createObjectNode() : MAPPER.readTree(response.body());
  }

  private static ApiProblem problem(String what, int status, String body) {
    String said = body.length() > 600 ? body.substring(0, 600) : body;
    return new ApiProblem(status, "%s: %d %s".formatted(what, status, said.strip()));
  }
}
