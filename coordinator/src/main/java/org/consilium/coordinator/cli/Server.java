package org.consilium.coordinator.cli;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.consilium.coordinator.Coordinator;
import org.consilium.coordinator.cli.CliFailure.Exit;
import org.consilium.protocol.Limits;
import org.consilium.security.keyfile.DurableFolder;
import org.consilium.security.keyfile.KeyFile;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParseResult;

/** The coordinator that a command talks to; a picocli mixin. */
final class Server {
  private static final Duration CONNECT = Duration.ofSeconds(5);
  private static final Duration ANSWER = Duration.ofSeconds(60);

  /** For a replay, which sums every round of a study again. */
  private static final Duration WORK = Duration.ofHours(12);

  private static final int TOKEN_FILE_BYTES_MAX = 1024;

  @Option(
      names = "--state",
      paramLabel = "DIR",
      defaultValue = "${env:CONSILIUM_STATE:-consilium-coordinator}",
      description = "state folder of a coordinator on this machine (${DEFAULT-VALUE})")
  private Path state = Path.of("consilium-coordinator");

  @Option(names = "--server", paramLabel = "URL", description = "a coordinator elsewhere")
  private Optional<URI> server = Optional.empty();

  @Option(
      names = "--admin-token-file",
      paramLabel = "FILE",
      description = "the administrator's token; default: admin.token in the state folder")
  private Optional<Path> tokenFile = Optional.empty();

  @Option(names = "--json", description = "print one JSON envelope")
  private boolean json;

  boolean json() {
    return json;
  }

  /** The state folder, where the coordinator is on this machine. */
  Optional<Path> localState() {
    return server.isPresent() ? Optional.empty() : Optional.of(state);
  }

  /** The options with which a command said which coordinator it means, to be typed again. */
  static String saidTo(CommandLine command) {
    ParseResult said = command.getParseResult();
    StringBuilder options = new StringBuilder();
    for (String name : List.of("--state", "--server", "--admin-token-file")) {
      if (said != null && said.hasMatchedOption(name)) {
        options.append(' ').append(name).append(' ');
        options.append(said.matchedOption(name).originalStringValues().getFirst());
      }
    }
    return options.toString();
  }

  String get(String path) throws CliFailure {
    return text(request(path).GET());
  }

  String post(String path, String contentType, String body) throws CliFailure {
    return text(
        request(path).header("Content-Type", contentType).POST(BodyPublishers.ofString(body)));
  }

  /** Asks for something that takes as long as it takes. */
  String postAndWait(String path) throws CliFailure {
    return text(
        request(path)
            .timeout(WORK)
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString("{}")));
  }

  /** Streams an answer into a new file, which is on the disk when this returns. */
  void download(String path, Path file) throws CliFailure {
    download(request(path).GET().build(), file);
  }

  /** Asks for something that takes as long as it takes, and streams it into a new file. */
  void postAndDownload(String path, Path file) throws CliFailure {
    download(
        request(path)
            .timeout(WORK)
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString("{}"))
            .build(),
        file);
  }

  private static void download(HttpRequest request, Path file) throws CliFailure {
    Path draft = file.resolveSibling(file.getFileName() + ".part");
    try {
      try {
        Files.deleteIfExists(draft);
        KeyFile.create(draft, new byte[0]); // for its owner alone, before anything is in it
        HttpResponse<Path> answer = send(request, BodyHandlers.ofFile(draft));
        if (answer.statusCode() >= 300) {
          throw problem(answer.statusCode(), Files.readString(draft, StandardCharsets.UTF_8));
        }
        DurableFolder.forceFile(draft);
        Files.move(draft, file, StandardCopyOption.REPLACE_EXISTING);
        DurableFolder.force(file.toAbsolutePath().resolveSibling(".").normalize());
      } finally {
        Files.deleteIfExists(draft); // a part of a backup holds keys too
      }
    } catch (IOException failed) {
      throw new CliFailure(
          Exit.FAILED, "CS-FILE-001", "write %s: %s".formatted(file, failed.getMessage()), "");
    }
  }

  private String text(HttpRequest.Builder request) throws CliFailure {
    HttpResponse<String> answer =
        send(request.build(), BodyHandlers.ofString(StandardCharsets.UTF_8));
    if (answer.statusCode() >= 300) {
      throw problem(answer.statusCode(), answer.body());
    }
    return answer.body();
  }

  private static <T> HttpResponse<T> send(HttpRequest request, HttpResponse.BodyHandler<T> handler)
      throws CliFailure {
    try (HttpClient client =
        HttpClient.newBuilder()
            .connectTimeout(CONNECT)
            .version(HttpClient.Version.HTTP_1_1)
            .build()) {
      return client.send(request, handler);
    } catch (HttpTimeoutException late) {
      throw new CliFailure(
          Exit.TIME_OUT, "CS-NET-002", "no answer from " + request.uri().getAuthority(), "");
    } catch (ConnectException refused) {
      throw new CliFailure(
          Exit.CANNOT_CONNECT,
          "CS-NET-001",
          "cannot connect to " + request.uri().getAuthority(),
          "start it: consilium coordinator serve --state DIR");
    } catch (IOException broken) {
      throw new CliFailure(
          Exit.CANNOT_CONNECT,
          "CS-NET-003",
          "connection to %s broke: %s".formatted(request.uri().getAuthority(), broken.getMessage()),
          "");
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new CliFailure(Exit.FAILED, "CS-CLI-002", "interrupted", "");
    }
  }

  private HttpRequest.Builder request(String path) throws CliFailure {
    URI address = address(path);
    HttpRequest.Builder request =
        HttpRequest.newBuilder(address).timeout(ANSWER).header("Accept", "*/*");
    Optional<String> token = token();
    if (token.isPresent()) {
      requirePrivate(address);
      request.header("Authorization", "Bearer " + token.get());
    }
    return request;
  }

  /** What a person typed is part of the path. */
  private URI address(String path) throws CliFailure {
    try {
      return new URI(base() + path);
    } catch (URISyntaxException typed) {
      throw new CliFailure(
          Exit.USAGE,
          "CS-USAGE-001",
          "%s: no name has such a character as the one at %d"
              .formatted(Limits.printable(path), typed.getIndex() - base().length()),
          "");
    }
  }

  /** Whoever is on the way of plain HTTP reads the token, and is the administrator from then on. */
  private void requirePrivate(URI address) throws CliFailure {
    String host = part(address.getHost()).replaceAll("[\\[\\]]", "");
    boolean here = loopback(host) || (server.isEmpty() && ofThisMachine(host));
    if (!part(address.getScheme()).equalsIgnoreCase("https") && !here) {
      throw new CliFailure(
          Exit.NOT_ALLOWED,
          "CS-NET-004",
          "the administrator's token is not sent to %s: http:// is readable on the way"
              .formatted(address.getAuthority()),
          "https://, by a proxy before the coordinator; or ssh -N -L 8080:127.0.0.1:8080 HOST and"
              + " --server http://127.0.0.1:8080");
    }
  }

  private static boolean loopback(String host) {
    try {
      return host.equalsIgnoreCase("localhost")
          || (!host.isEmpty() && InetAddress.ofLiteral(host).isLoopbackAddress());
    } catch (IllegalArgumentException name) {
      return false; // whatever it means today
    }
  }

  /** A coordinator that was told to listen at an address of its machine says so in its folder. */
  private static boolean ofThisMachine(String host) {
    try {
      for (InetAddress address : InetAddress.getAllByName(host)) {
        if (!address.isLoopbackAddress() && NetworkInterface.getByInetAddress(address) == null) {
          return false;
        }
      }
      return true;
    } catch (IOException unknown) {
      return false;
    }
  }

  private static String part(@Nullable String ofAddress) {
    return ofAddress == null ? "" : ofAddress;
  }

  private String base() throws CliFailure {
    if (server.isPresent()) {
      URI said = server.get();
      if (!part(said.getScheme()).matches("(?i)https?") || part(said.getHost()).isEmpty()) {
        throw new CliFailure(
            Exit.USAGE,
            "CS-USAGE-001",
            "--server: %s is not the address of a coordinator".formatted(said),
            "--server https://coordinator.example.org");
      }
      return said.toString().replaceFirst("/+$", "");
    }
    Path file = state.resolve(Coordinator.ENDPOINT);
    try {
      return Json.parse(Files.readString(file, StandardCharsets.UTF_8)).get("http").text();
    } catch (IOException absent) {
      throw new CliFailure(
          Exit.CANNOT_CONNECT,
          "CS-NET-001",
          "no coordinator runs in " + state,
          "start it: consilium coordinator serve --state %s, or name one: --server URL"
              .formatted(state));
    }
  }

  private Optional<String> token() throws CliFailure {
    Path file = tokenFile.orElse(state.resolve(Coordinator.ADMIN_TOKEN));
    if (tokenFile.isEmpty() && (server.isPresent() || !Files.exists(file))) {
      return Optional.empty();
    }
    if (!Files.exists(file)) {
      throw new CliFailure(
          Exit.NOT_ALLOWED,
          "CS-AUTH-002",
          "there is no token file " + file,
          "the coordinator makes %s in its state folder when it first starts"
              .formatted(Coordinator.ADMIN_TOKEN));
    }
    try {
      return Optional.of(
          new String(KeyFile.read(file, TOKEN_FILE_BYTES_MAX), StandardCharsets.US_ASCII).strip());
    } catch (IOException unreadable) {
      throw new CliFailure(
          Exit.NOT_ALLOWED,
          "CS-AUTH-002",
          String.valueOf(unreadable.getMessage()),
          "chmod 600 " + file);
    }
  }

  private static CliFailure problem(int status, String body) {
    Exit exit =
        switch (status) {
          case 401, 403 -> Exit.NOT_ALLOWED;
          case 404, 409 -> Exit.NOT_FOUND_OR_CONFLICT;
          case 500 -> Exit.INTERNAL;
          default -> Exit.FAILED;
        };
    try {
      Json problem = Json.parse(body);
      StringBuilder message = new StringBuilder(problem.get("detail").text());
      for (Json finding : problem.get("errors").items()) {
        message
            .append("\n  line ")
            .append(finding.get("line").text())
            .append(", column ")
            .append(finding.get("column").text())
            .append(": ")
            .append(finding.get("path").text())
            .append(": ")
            .append(finding.get("message").text());
      }
      return new CliFailure(
          exit, problem.get("code").text(), message.toString(), problem.get("hint").text());
    } catch (IOException notAProblem) {
      return new CliFailure(
          exit, "CS-HTTP-" + status, "the server answered " + status, "is this a coordinator?");
    }
  }
}
