package org.consilium.sim.consortium;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.consilium.protocol.Digest;
import org.consilium.protocol.SiteId;
import org.consilium.security.keyfile.KeyFile;
import org.consilium.sim.process.Child;
import org.consilium.sim.process.Installation;
import org.consilium.sim.process.Pause;
import org.consilium.sim.process.Supervisor;

/**
 * A consortium in a folder: {@code consortium/} the authority and what it gave the coordinator,
 * {@code coordinator/} its state, a folder a site, {@code logs/}. A supervisor runs its services.
 */
public final class LocalConsortium implements AutoCloseable {
  /** Name of the coordinator among the children. */
  public static final String COORDINATOR = "coordinator";

  /** Name of the issuing authority among the children. */
  public static final String AUTHORITY = "authority";

  static final String AUTHORITY_MAIN = "org.consilium.coordinator.issuing.CaMain";
  static final int AUTHORITY_HEAP_MIB = 96;
  private static final Duration START_MAX = Duration.ofMinutes(10);
  private static final Duration LOOK_EVERY = Duration.ofMillis(100);
  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  private final Installation installation;
  private final Layout layout;
  private final InstantSource clock;
  private final Supervisor supervisor;
  private final People people;
  private final List<String> options;
  private volatile Optional<Ports> ports = Optional.empty();
  private volatile Optional<CoordinatorApi> api = Optional.empty();

  /**
   * Where things lie and how large processes may grow.
   *
   * @param folder of everything
   * @param coordinatorHeapMiB Java heap of the coordinator
   * @param siteHeapMiB Java heap of a site
   * @param siteCertificateLife as {@code ca serve} takes it; empty: its default
   */
  public record Layout(
      Path folder, int coordinatorHeapMiB, int siteHeapMiB, Optional<String> siteCertificateLife) {
    /** With certificates of the usual life. */
    public Layout(Path folder, int coordinatorHeapMiB, int siteHeapMiB) {
      this(folder, coordinatorHeapMiB, siteHeapMiB, Optional.empty());
    }

    /** A site's folder. */
    public Path site(SiteId site) {
      return folder.resolve(site.value());
    }

    /** A site's state. */
    public Path siteState(SiteId site) {
      return site(site).resolve("state");
    }

    /** Has a site's node call another port of this machine than the coordinator's. */
    public void route(SiteId site, int port) throws IOException {
      Path membership = siteState(site).resolve("membership.properties");
      String text = Files.readString(membership).replaceAll("(?m)^sitePort=.*", "sitePort=" + port);
      KeyFile.replace(membership, text.getBytes(StandardCharsets.UTF_8));
    }

    Path log(String name) {
      return folder.resolve("logs").resolve(name + ".log");
    }

    Path coordinatorState() {
      return folder.resolve("coordinator");
    }

    Path authority() {
      return folder.resolve("consortium").resolve("authority");
    }

    /** What the coordinator is given by the authority. */
    Path relay() {
      return folder.resolve("consortium").resolve("coordinator");
    }
  }

  private record Ports(int http, int grpc, int enrolment) {}

  private LocalConsortium(
      Installation installation,
      Layout layout,
      InstantSource clock,
      Supervisor supervisor,
      People people,
      List<String> options) {
    this.people = people;
    this.installation = installation;
    this.layout = layout;
    this.clock = clock;
    this.supervisor = supervisor;
    this.options = List.copyOf(options);
  }

  /**
   * Makes the authority with two administrators and starts it and the coordinator, each as a
   * process; {@link #await} waits until the coordinator answers.
   */
  public static LocalConsortium start(
      Installation installation, Layout layout, InstantSource clock, Supervisor supervisor)
      throws IOException {
    return start(installation, layout, clock, supervisor, List.of());
  }

  /** The same with further options of {@code coordinator serve}, as {@code --keep-updates}. */
  public static LocalConsortium start(
      Installation installation,
      Layout layout,
      InstantSource clock,
      Supervisor supervisor,
      List<String> options)
      throws IOException {
    Files.createDirectories(layout.folder.resolve("logs"));
    People people = People.found(installation, layout, clock);
    LocalConsortium consortium =
        new LocalConsortium(installation, layout, clock, supervisor, people, options);
    supervisor.start(
        new Child(
            AUTHORITY,
            AUTHORITY,
            () ->
                installation.beside(
                    "coordinator",
                    AUTHORITY_HEAP_MIB,
                    AUTHORITY_MAIN,
                    people.serving(layout.authority(), layout.siteCertificateLife())),
            Map.of(),
            layout.log(AUTHORITY),
            true));
    supervisor.start(
        new Child(
            COORDINATOR,
            COORDINATOR,
            consortium::coordinatorCommand,
            Installation.SPARING,
            layout.log(COORDINATOR),
            true));
    return consortium;
  }

  /** Waits until the coordinator answers. */
  public CoordinatorApi await() throws IOException, InterruptedException {
    Path endpoint = layout.coordinatorState().resolve("endpoint");
    Instant until = clock.instant().plus(START_MAX);
    while (!Files.exists(endpoint)) {
      failIfGivenUp();
      if (clock.instant().isAfter(until)) {
        throw new IOException(
            "start the coordinator: no %s after %s".formatted(endpoint, START_MAX));
      }
      Pause.of(LOOK_EVERY);
    }
    JsonNode said = MAPPER.readTree(endpoint.toFile());
    String http = said.path("http").asText();
    ports =
        Optional.of(
            new Ports(
                port(http),
                port(said.path("grpc").asText()),
                port(said.path("enrolment").asText())));
    String token =
        Files.readString(
                layout.coordinatorState().resolve("admin.token"), StandardCharsets.US_ASCII)
            .strip();
    URI base = URI.create(http.contains("://") ? http : "http://127.0.0.1:" + port(http));
    CoordinatorApi opened = new CoordinatorApi(base, token, clock);
    api = Optional.of(opened);
    return opened;
  }

  /** The coordinator's interface, once it was awaited. */
  public CoordinatorApi api() {
    return api.orElseThrow(() -> new IllegalStateException("the coordinator was not awaited"));
  }

  /** Where the gRPC service listens, as the endpoint file says. */
  public int grpcPort() {
    return ports.orElseThrow().grpc;
  }

  /**
   * Adds sites and lets their nodes join: two administrators sign, each node makes its own keys,
   * the second administrator approves them.
   */
  public void join(List<SiteId> sites) throws IOException, InterruptedException {
    List<List<String>> commands = new ArrayList<>();
    for (SiteId site : sites) {
      Files.createDirectories(layout.site(site));
      Path token = layout.site(site).resolve("join.token");
      String line = people.invite(api(), site);
      KeyFile.create(token, line.getBytes(StandardCharsets.US_ASCII));
      commands.add(
          List.of(
              "node",
              "join",
              "--token-file",
              token.toString(),
              "--state",
              layout.siteState(site).toString()));
    }
    Running joins = run("join", commands);
    for (SiteId site : sites) {
      approve(site, joins);
    }
    joins.finish(clock.instant().plus(START_MAX));
  }

  private void approve(SiteId site, Running joins) throws IOException, InterruptedException {
    Instant until = clock.instant().plus(START_MAX);
    while (true) {
      for (JsonNode known : api().get("/api/v1/sites")) {
        if (known.path("site").asText().equals(site.value())
            && known.path("state").asText().equals("PENDING")) {
          people.admit(api(), site);
          return;
        }
      }
      joins.failIfBroken();
      if (clock.instant().isAfter(until)) {
        throw new IOException("join %s: no request after %s".formatted(site, START_MAX));
      }
      Pause.of(LOOK_EVERY);
    }
  }

  /** Puts the secret that rounds a site's numbers: only where runs must be comparable. */
  public void placeRoundingSecret(SiteId site, long seed) throws IOException {
    byte[] secret =
        Digest.sha256(
                ("demonstration rounding secret " + seed + " " + site)
                    .getBytes(StandardCharsets.UTF_8))
            .bytes();
    KeyFile.create(layout.siteState(site).resolve("rounding.secret"), secret);
  }

  /** Starts a site's node. */
  public void serve(SiteId site, List<String> data) throws IOException {
    List<String> arguments = new ArrayList<>(List.of("node", "serve", "--state"));
    arguments.add(layout.siteState(site).toString());
    arguments.addAll(data);
    arguments.addAll(List.of("--metrics-port", "0"));
    supervisor.start(
        new Child(
            "site",
            site.value(),
            () -> installation.service("site-node", layout.siteHeapMiB, arguments),
            Map.of("DJL_OFFLINE", "true", "OMP_NUM_THREADS", "1", "TORCH_CPP_LOG_LEVEL", "ERROR"),
            layout.log(site.value()),
            true));
  }

  /** Puts a file where the coordinator looks for parameters that studies start from. */
  public void offer(Path foundation) throws IOException {
    Path folder = Files.createDirectories(layout.coordinatorState().resolve("foundations"));
    Files.copy(foundation, folder.resolve("offered.safetensors"));
  }

  /**
   * Creates a study from its file.
   *
   * @return digest of its settings: what hospitals approve
   */
  public String create(String yaml) throws IOException, InterruptedException {
    return api().post("/api/v1/studies", "application/yaml", yaml).path("digest").asText();
  }

  /** The hospitals' own decision, taken with their nodes' command. */
  public void approveStudy(String study, String digest, List<SiteId> sites)
      throws IOException, InterruptedException {
    allow(api().get("/api/v1/studies/" + study).path("privacy"), sites);
    List<List<String>> commands = new ArrayList<>();
    for (SiteId site : sites) {
      commands.add(
          List.of(
              "node",
              "approve",
              study,
              "--digest",
              digest,
              "--state",
              layout.siteState(site).toString()));
    }
    run("approve", commands).finish(clock.instant().plus(START_MAX));
  }

  /** Simulated hospitals give a study that hides patients just the budget that it asks for. */
  private void allow(JsonNode privacy, List<SiteId> sites)
      throws IOException, InterruptedException {
    if (!privacy.isObject()) {
      return;
    }
    List<List<String>> commands = new ArrayList<>();
    for (SiteId site : sites) {
      commands.add(
          List.of(
              "node",
              "privacy",
              "budget",
              "--epsilon",
              privacy.path("epsilon").asText(),
              "--delta",
              privacy.path("delta").asText(),
              "--state",
              layout.siteState(site).toString()));
    }
    run("budget", commands).finish(clock.instant().plus(START_MAX));
  }

  /** Starts a study, as soon as every site has accepted it. */
  public void startStudy(String study) throws IOException, InterruptedException {
    Instant until = clock.instant().plus(START_MAX);
    while (true) {
      StudyView view = study(study);
      List<String> missing =
          view.sites().stream()
              .filter(s -> !s.decision().equals("ACCEPTED"))
              .map(StudyView.Site::id)
              .toList();
      if (missing.isEmpty()) {
        break;
      }
      view.failIfRefused(study);
      failIfGivenUp();
      if (clock.instant().isAfter(until)) {
        throw new IOException(
            "start study %s: not accepted after %s by %s"
                .formatted(study, START_MAX, String.join(", ", missing)));
      }
      Pause.of(LOOK_EVERY);
    }
    var _ = api().post("/api/v1/studies/" + study + ":start", "application/json", "{}");
  }

  /** A study as it stands. */
  public StudyView study(String study) throws IOException, InterruptedException {
    String path = "/api/v1/studies/" + study;
    return StudyView.parse(
        api().get(path), api().pages(path + "/rounds"), api().get(path + "/metrics?by=site"));
  }

  /** Fails when a service could not be kept running. */
  public void failIfGivenUp() throws IOException {
    Optional<String> failure = supervisor.failure();
    if (failure.isPresent()) {
      throw new IOException(failure.get());
    }
  }

  @Override
  public void close() {
    api.ifPresent(CoordinatorApi::close);
  }

  private List<String> coordinatorCommand() {
    Ports known = ports.orElse(new Ports(0, 0, 0));
    List<String> arguments = new ArrayList<>(List.of("coordinator", "serve"));
    arguments.addAll(List.of("--state", layout.coordinatorState().toString()));
    arguments.addAll(List.of("--consortium", layout.relay().toString()));
    arguments.addAll(List.of("--http-port", Integer.toString(known.http)));
    arguments.addAll(List.of("--grpc-port", Integer.toString(known.grpc)));
    arguments.addAll(List.of("--enrolment-port", Integer.toString(known.enrolment)));
    arguments.addAll(options);
    return installation.service("coordinator", layout.coordinatorHeapMiB, arguments);
  }

  private Running run(String name, List<List<String>> commands) throws IOException {
    return Running.start(
        name,
        installation.once("site-node", SiteCommands.class, SiteCommands.joined(commands)),
        layout.log(name),
        clock);
  }

  private static int port(String address) {
    return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1).replace("/", ""));
  }
}
