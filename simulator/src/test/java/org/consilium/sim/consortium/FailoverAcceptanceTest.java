package org.consilium.sim.consortium;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import org.consilium.protocol.SiteId;
import org.consilium.security.keyfile.KeyFile;
import org.consilium.sim.process.Child;
import org.consilium.sim.process.Packaged;
import org.consilium.sim.process.Pause;
import org.consilium.sim.process.ProcessEvent;
import org.consilium.sim.process.Supervisor;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two replicas of a coordinator on PostgreSQL and S3, as processes: F7, F10, F14. The study ends
 * with the digests of one that a single coordinator ran on H2 and a folder, undisturbed.
 */
@Tag("slow")
final class FailoverAcceptanceTest {
  private static final String STUDY = "replicas";
  private static final String SECOND = "second";
  private static final int ROUNDS = 5;
  private static final int SUCCEEDED = 10;
  private static final Duration PATIENCE = Duration.ofMinutes(6);
  private static final InstantSource CLOCK = InstantSource.system();
  private static final List<SiteId> SITES =
      List.of(new SiteId("north"), new SiteId("south"), new SiteId("west"));

  private final List<ProcessEvent> events = new CopyOnWriteArrayList<>();

  @TempDir Path folder;

  /** A replica as the test sees it. */
  private record Replica(String name, CoordinatorApi api) {}

  @Test
  void f7f10f14_leaderKilledPostgresRestartedLeaderStopped_sameDigests() throws Exception {
    List<String> calm = calm();
    try (EngineServers engines = EngineServers.start(folder.resolve("engines"));
        Supervisor supervisor = new Supervisor(CLOCK, events::add)) {
      LocalConsortium.Layout layout = layout("pair");
      List<String> options = new ArrayList<>(engines.options());
      options.addAll(List.of("--lease-seconds", "10"));
      LocalConsortium consortium =
          LocalConsortium.start(Packaged.installation(), layout, CLOCK, supervisor, options);
      Replica first = new Replica(LocalConsortium.COORDINATOR, consortium.await());
      int[] ports = {EngineServers.freePort(), EngineServers.freePort(), EngineServers.freePort()};
      Replica second = second(layout, supervisor, options, ports);
      assertThat(health(second)).contains("STANDBY");
      begin(consortium, layout, Optional.of(ports[1]));

      List<Replica> both = List.of(first, second);
      Replica leads = await(both, view -> halfCollected(view, 1)).replica();
      var _ = supervisor.kill(leads.name(), "test"); // and it comes back as the standby
      var _ = await(both, view -> halfCollected(view, 2));
      engines
          .restartPostgres(); // on a slow machine longer than the lease, and then the other leads
      leads = await(both, view -> halfCollected(view, 3)).replica();
      int before = events.size();
      supervisor.signal(leads.name(), "STOP");
      Replica other = leads.equals(first) ? second : first;
      var _ = await(List.of(other), view -> completed(view) >= 3);
      supervisor.signal(leads.name(), "CONT");
      assertEnded(leads, before, layout);
      Seen last = await(both, view -> view.over() || view.state().equals("MONITORING"));
      StudyView end = last.view();

      assertThat(end.rounds()).hasSize(ROUNDS);
      assertThat(end.rounds()).allMatch(r -> r.weights().size() == SITES.size());
      assertThat(versions(end)).isEqualTo(calm);
      assertThat(verdict(last.replica())).contains("\"trouble\":null");
      assertJournal(engines);
      consortium.close();
    }
  }

  /** The study of one coordinator that nothing befalls. */
  private List<String> calm() throws Exception {
    try (Supervisor supervisor = new Supervisor(CLOCK, _ -> {})) {
      LocalConsortium.Layout layout = layout("calm");
      LocalConsortium consortium =
          LocalConsortium.start(Packaged.installation(), layout, CLOCK, supervisor);
      Replica only = new Replica(LocalConsortium.COORDINATOR, consortium.await());
      begin(consortium, layout, Optional.empty());
      Seen end = await(List.of(only), view -> view.over() || view.state().equals("MONITORING"));
      consortium.close();
      return versions(end.view());
    }
  }

  private LocalConsortium.Layout layout(String name) {
    return new LocalConsortium.Layout(folder.resolve(name), 256, 256);
  }

  /** Another replica, with a state folder of its own and the administrator's token. */
  private static Replica second(
      LocalConsortium.Layout layout, Supervisor supervisor, List<String> options, int[] ports)
      throws Exception {
    Path state = layout.folder().resolve("coordinator-two");
    byte[] token = Files.readAllBytes(layout.coordinatorState().resolve("admin.token"));
    KeyFile.create(state.resolve("admin.token"), token);
    List<String> command = new ArrayList<>(List.of("coordinator", "serve"));
    command.addAll(List.of("--state", state.toString()));
    command.addAll(List.of("--consortium", layout.relay().toString()));
    command.addAll(List.of("--http-port", Integer.toString(ports[0])));
    command.addAll(List.of("--grpc-port", Integer.toString(ports[1])));
    command.addAll(List.of("--enrolment-port", Integer.toString(ports[2])));
    command.addAll(options);
    supervisor.start(
        new Child(
            LocalConsortium.COORDINATOR,
            SECOND,
            () -> Packaged.installation().service("coordinator", 256, command),
            Map.of(),
            layout.log(SECOND),
            true));
    URI base = URI.create("http://127.0.0.1:" + ports[0]);
    Replica replica =
        new Replica(SECOND, new CoordinatorApi(base, new String(token, UTF_8).strip(), CLOCK));
    Instant until = CLOCK.instant().plus(PATIENCE);
    while (true) {
      try {
        var _ = health(replica);
        return replica;
      } catch (IOException notYet) {
        if (CLOCK.instant().isAfter(until)) {
          throw notYet;
        }
        Pause.of(Duration.ofMillis(200));
      }
    }
  }

  /** Joins the sites, tells them where the second replica is, and starts the study. */
  private static void begin(
      LocalConsortium consortium, LocalConsortium.Layout layout, Optional<Integer> secondPort)
      throws Exception {
    for (SiteId site : SITES) {
      consortium.placeRoundingSecret(site, 11);
    }
    consortium.join(SITES);
    for (SiteId site : SITES) {
      if (secondPort.isPresent()) {
        Path membership = layout.siteState(site).resolve("membership.properties");
        String both =
            "host=127.0.0.1:%d,127.0.0.1:%d".formatted(consortium.grpcPort(), secondPort.get());
        KeyFile.replace(
            membership, Files.readString(membership).replaceAll("host=.*", both).getBytes(UTF_8));
      }
      consortium.serve(site, List.of("--data", "synthetic:1000"));
    }
    String digest = created(consortium);
    consortium.approveStudy(STUDY, digest, SITES);
    consortium.startStudy(STUDY);
  }

  /** Creates the study; an answer that came too late was repeated, and found it there. */
  private static String created(LocalConsortium consortium) throws Exception {
    try {
      return consortium.create(yaml());
    } catch (ApiProblem there) {
      if (there.status() != 409) {
        throw there;
      }
      return consortium.api().get("/api/v1/studies/" + STUDY).path("digest").asText();
    }
  }

  /** The study as the replica that leads shows it. */
  private record Seen(Replica replica, StudyView view) {}

  /** Looks at the study where somebody leads, until something is so. */
  private static Seen await(List<Replica> replicas, Predicate<StudyView> done) throws Exception {
    Instant until = CLOCK.instant().plus(PATIENCE);
    String path = "/api/v1/studies/" + STUDY;
    while (true) {
      for (Replica replica : replicas) {
        if (!leads(replica)) {
          continue;
        }
        StudyView view =
            StudyView.parse(
                replica.api().get(path),
                replica.api().get(path + "/rounds"),
                replica.api().get(path + "/metrics?by=site"));
        if (done.test(view)) {
          return new Seen(replica, view);
        }
        assertThat(view.state()).as(view.detail()).isNotEqualTo("PAUSED");
      }
      assertThat(CLOCK.instant()).as("%s", replicas).isBefore(until);
      Pause.of(Duration.ofMillis(20));
    }
  }

  private static boolean leads(Replica replica) throws InterruptedException {
    try {
      return health(replica).contains("UP");
    } catch (IOException away) {
      return false;
    }
  }

  /** Whether an update of a round after {@code after} is in, and another is not. */
  private static boolean halfCollected(StudyView view, int after) {
    if (view.over()) {
      throw new AssertionError("no round was seen half collected: " + view);
    }
    return completed(view) >= after
        && view.rounds().stream()
            .anyMatch(
                r ->
                    r.outcome().equals("OPEN")
                        && !r.weights().isEmpty()
                        && r.weights().size() < SITES.size());
  }

  private static int completed(StudyView view) {
    return (int) view.rounds().stream().filter(r -> r.outcome().equals("COMPLETED")).count();
  }

  private static List<String> versions(StudyView view) {
    return view.rounds().stream()
        .filter(r -> r.outcome().equals("COMPLETED"))
        .map(StudyView.Round::version)
        .toList();
  }

  private static String health(Replica replica) throws IOException, InterruptedException {
    try (HttpClient http = HttpClient.newHttpClient()) {
      return http.send(
              HttpRequest.newBuilder(replica.api().base().resolve("/health/ready"))
                  .timeout(
                      Duration.ofSeconds(5)) // one that is stopped takes connections and is mute
                  .build(),
              HttpResponse.BodyHandlers.ofString())
          .body();
    }
  }

  private static String verdict(Replica replica) throws IOException, InterruptedException {
    JsonNode checkpoint = replica.api().get("/api/v1/audit/checkpoint");
    return checkpoint.toString();
  }

  /** The stopped leader ended by itself, said why, and came back as the standby. */
  private void assertEnded(Replica former, int before, LocalConsortium.Layout layout)
      throws Exception {
    Instant until = CLOCK.instant().plus(PATIENCE);
    while (events.stream()
        .skip(before)
        .noneMatch(
            e ->
                e instanceof ProcessEvent.Ended ended
                    && ended.name().equals(former.name())
                    && ended.code() == SUCCEEDED)) {
      assertThat(CLOCK.instant()).as("%s", events).isBefore(until);
      Pause.of(Duration.ofMillis(50));
    }
    assertThat(Files.readString(layout.log(former.name()))).contains("CS-LEADER-001");
  }

  /** I2, I4, I5 from the table itself. */
  private static void assertJournal(EngineServers engines) throws Exception {
    String events = "select count(*) from journal where stream = 'study:" + STUDY + "' and ";
    assertThat(engines.count(events + "event_type = 'ModelPublished'")).isEqualTo(ROUNDS);
    assertThat(engines.count(events + "event_type = 'UpdateAccepted'"))
        .isEqualTo((long) ROUNDS * SITES.size());
    assertThat(engines.count("select count(*) - max(sequence) from journal")).isZero();
    assertThat(engines.count("select token from leader")).isGreaterThanOrEqualTo(3);
  }

  private static String yaml() {
    return """
    apiVersion: consilium/v1
    kind: Study
    metadata: {name: %s, title: Rounds that outlive their coordinator}
    spec:
      model:     {architecture: synthetic, height: 8, width: 8, parameters: 2000000}
      task:      {type: classification, labels: [negative, positive]}
      algorithm: {name: fedavg, rounds: %d}
      training:  {localBaseline: false}
      sites:     {include: [north, south, west], quorum: 3, deadline: 5m}
      drift:     {detector: none}
      seed: 1
    """
        .formatted(STUDY, ROUNDS);
  }
}
