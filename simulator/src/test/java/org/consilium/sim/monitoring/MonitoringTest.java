package org.consilium.sim.monitoring;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
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
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.consilium.protocol.SiteId;
import org.consilium.sim.consortium.CoordinatorApi;
import org.consilium.sim.consortium.LocalConsortium;
import org.consilium.sim.consortium.StudyView;
import org.consilium.sim.process.Installation;
import org.consilium.sim.process.Pause;
import org.consilium.sim.process.Supervisor;
import org.consilium.sim.scenario.CaseFiles;
import org.consilium.sim.scenario.Scenario;
import org.consilium.sim.scenario.SimulatedSite;
import org.consilium.sim.scenario.StudyText;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Prometheus's own tools on our files, and a real Prometheus on a real consortium. */
@Tag("prometheus")
final class MonitoringTest {
  private static final Duration STUDY_MAX = Duration.ofMinutes(5);
  private static final int SERIES_PER_SITE_MAX = 40;
  private static final Pattern FORBIDDEN_LABEL =
      Pattern.compile("[{,](round|run|patient|study_uid|file|host|user|exception)=");

  private final MonitoringFolder folder = MonitoringFolder.find();
  private Path promtool = Path.of("promtool");

  @BeforeEach
  void needsPromtool() {
    Optional<Path> found = PrometheusServer.program("promtool");
    Assumptions.assumeTrue(found.isPresent(), "promtool is not on the PATH");
    promtool = found.get();
  }

  @Test
  void config_asShipped_isAccepted(@TempDir Path temporary) throws Exception {
    assertThat(run(temporary, "check", "config", file("prometheus/prometheus.yml")))
        .contains("valid");
  }

  @Test
  void rules_asShipped_passEveryLint(@TempDir Path temporary) throws Exception {
    assertThat(
            run(temporary, "check", "rules", "--lint=all", file("prometheus/rules/consilium.yml")))
        .contains("rules found")
        .doesNotContain("error");
  }

  @Test
  void alerts_eachWithItsCases_fireAndStaySilent(@TempDir Path temporary) throws Exception {
    String rules = folder.read("prometheus/rules/consilium.yml");
    String tests = folder.read("prometheus/tests/consilium.yml");

    assertThat(run(temporary, "test", "rules", file("prometheus/tests/consilium.yml")))
        .contains("SUCCESS");
    for (String line : rules.lines().filter(l -> l.contains("- alert: ")).toList()) {
      String alert = line.replace("- alert: ", "").strip();
      List<String> cases =
          List.of(tests.split("      - eval_time: ")).stream()
              .filter(c -> c.contains("alertname: " + alert + "\n"))
              .toList();
      assertThat(cases).as(alert).anyMatch(c -> c.contains("exp_alerts: []"));
      assertThat(cases).as(alert).anyMatch(c -> c.contains("exp_labels:"));
    }
  }

  @Test
  void panelsAndAlerts_againstARealConsortium_haveData(@TempDir Path temporary) throws Exception {
    Optional<Path> prometheus = PrometheusServer.program("prometheus");
    Assumptions.assumeTrue(prometheus.isPresent(), "prometheus is not on the PATH");
    InstantSource clock = InstantSource.system();
    List<SimulatedSite> sites = SimulatedSite.of(Scenario.IID, 3, 7);
    StudyText text = study(sites.stream().map(SimulatedSite::id).toList());
    var layout = new LocalConsortium.Layout(temporary.resolve("consortium"), 256, 256);
    Instant began = clock.instant();
    try (var supervisor = new Supervisor(clock, _ -> {});
        var consortium =
            LocalConsortium.start(Installation.find(System.getenv()), layout, clock, supervisor)) {
      CoordinatorApi api = consortium.await();
      try (var server =
          PrometheusServer.start(
              prometheus.get(),
              Files.createDirectories(temporary.resolve("prometheus")),
              api.base().getPort(),
              folder.path().resolve("prometheus/rules/consilium.yml"))) {
        train(consortium, layout, sites, text);
        Pause.of(Duration.ofSeconds(3));
        checkPanels(server, text.name(), began, clock.instant());
        checkRules(server);
        checkPage(temporary, api);
      }
    }
  }

  private static StudyText study(List<SiteId> sites) {
    return new StudyText(
        "monitored",
        StudyText.Recipe.residual("resnet-gn-tiny"),
        32,
        sites,
        2,
        Duration.ofMinutes(2),
        3,
        3,
        "sealed",
        7);
  }

  private static void train(
      LocalConsortium consortium,
      LocalConsortium.Layout layout,
      List<SimulatedSite> sites,
      StudyText text)
      throws IOException, InterruptedException {
    CaseFiles files =
        CaseFiles.of(new CaseFiles.Counts(60, 120, 20, 60, text.windows(), text.side()), 7);
    consortium.join(text.sites());
    for (SimulatedSite site : sites) {
      Path cases = layout.site(site.id()).resolve("cases.npz");
      var _ = files.writeTraining(site, cases);
      files.writeWindows(site, cases.resolveSibling("windows"));
      consortium.serve(site.id(), List.of("--data", cases.toString()));
    }
    String digest = consortium.create(text.yaml());
    consortium.approveStudy(text.name(), digest, text.sites());
    consortium.startStudy(text.name());
    Instant until = Instant.now().plus(STUDY_MAX);
    StudyView seen = consortium.study(text.name());
    while (!seen.over()) {
      consortium.failIfGivenUp();
      assertThat(Instant.now()).as("study so far: %s", seen).isBefore(until);
      Pause.of(Duration.ofMillis(500));
      seen = consortium.study(text.name());
    }
    assertThat(seen.state()).as(seen.detail()).isEqualTo("COMPLETED");
  }

  private static void checkPanels(PrometheusServer server, String study, Instant from, Instant to)
      throws IOException, InterruptedException {
    Map<String, String> variables =
        Map.of("study", study, "site", ".*", "__rate_interval", "1m", "__range", "1h");
    List<String> silent = new ArrayList<>();
    for (Dashboard.Query query : Dashboard.study(MonitoringFolder.find()).queries()) {
      String expression = query.with(variables);
      List<Double> values =
          query.instant() ? server.now(expression) : server.between(expression, from, to);
      if (values.stream().noneMatch(Double::isFinite)) {
        silent.add(query.panel() + ": " + expression);
      }
    }
    assertThat(silent).as("queries without data").isEmpty();
  }

  private static void checkRules(PrometheusServer server) throws IOException, InterruptedException {
    List<JsonNode> rules = server.rules();

    assertThat(rules).hasSizeGreaterThan(20);
    for (JsonNode rule : rules) {
      String name = rule.path("name").asText();
      assertThat(rule.path("health").asText())
          .as("%s: %s", name, rule.path("lastError").asText())
          .isEqualTo("ok");
      assertThat(rule.path("state").asText()).as(name).isNotEqualTo("firing");
      if (rule.path("type").asText().equals("recording")) {
        assertThat(server.now(name)).as(name).isNotEmpty();
      } else {
        var _ = server.now(rule.path("query").asText());
      }
    }
  }

  private void checkPage(Path temporary, CoordinatorApi api)
      throws IOException, InterruptedException {
    Path page = temporary.resolve("metrics.txt");
    api.download("/metrics", page);
    List<String> lines = Files.readAllLines(page, StandardCharsets.UTF_8);

    assertThat(run(temporary, page, "check", "metrics")).isEmpty();
    assertThat(lines).noneMatch(l -> FORBIDDEN_LABEL.matcher(l).find());
    for (String site : List.of("aldermoor", "birchfield", "cedarvale")) {
      assertThat(lines.stream().filter(l -> l.contains("site=\"" + site + "\"")).count())
          .as("series of " + site)
          .isBetween(1L, (long) SERIES_PER_SITE_MAX);
    }
  }

  private String file(String name) {
    return folder.path().resolve(name).toString();
  }

  private String run(Path temporary, String... arguments) throws IOException, InterruptedException {
    return run(temporary, Files.createTempFile(temporary, "no", "input"), arguments);
  }

  /** Runs promtool, which must end with 0; everything it printed. */
  private String run(Path temporary, Path input, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(promtool.toString()));
    command.addAll(List.of(arguments));
    Path output = Files.createTempFile(temporary, "promtool", "txt");
    Process process =
        new ProcessBuilder(command)
            .redirectInput(input.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("%s ended", command).isTrue();
    String said = Files.readString(output, StandardCharsets.UTF_8);
    assertThat(process.exitValue()).as(said).isZero();
    return said;
  }
}
