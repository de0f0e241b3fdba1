package org.consilium.coordinator.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** The live metrics page against the list in deploy/monitoring/metrics.yaml. */
final class MetricsPageTest {
  private static final Pattern TYPE =
      Pattern.compile("^# TYPE (consilium_\\S+) (\\S+)$", Pattern.MULTILINE);

  @TempDir Path folder;

  private String page = "";

  @BeforeEach
  void scrape() throws Exception {
    try (SampleServer server = SampleServer.start(folder, 0);
        HttpClient client = HttpClient.newHttpClient()) {
      URI uri = URI.create("http://127.0.0.1:" + server.web.port() + "/metrics");
      page = client.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString(UTF_8)).body();
    }
  }

  @Test
  void page_everyName_isListedWithItsType() throws Exception {
    Map<String, String> live = new TreeMap<>();
    Matcher matcher = TYPE.matcher(page);
    while (matcher.find()) {
      live.put(matcher.group(1), matcher.group(2));
    }
    Map<String, String> listed = new TreeMap<>();
    Object tree =
        new Yaml(new SafeConstructor(new LoaderOptions()))
            .load(
                Files.readString(
                    Path.of(System.getProperty("consilium.root"))
                        .resolve("deploy/monitoring/metrics.yaml")));
    for (Object one :
        (Iterable<?>) java.util.Objects.requireNonNull(((Map<?, ?>) tree).get("metrics"))) {
      Map<?, ?> metric = (Map<?, ?>) one;
      String type = String.valueOf(metric.get("type"));
      // The text format 0.0.4 has no info and no state set: both are gauges there.
      listed.put(
          String.valueOf(metric.get("name")),
          type.equals("info") || type.equals("stateset") ? "gauge" : type);
    }

    assertThat(live).isEqualTo(listed);
  }

  @Test
  void page_suppressedNumbers_areAbsent() {
    assertThat(page)
        .contains("consilium_validation_score{metric=\"auroc\",model=\"global\",site=\"north\"");
    assertThat(page.lines().filter(l -> l.contains("site=\"west\"")))
        .noneMatch(l -> l.startsWith("consilium_validation_") || l.startsWith("consilium_drift_"));
  }

  @Test
  void page_seriesOfOneSite_stayWithinTheBudget() {
    var series = new TreeSet<String>();
    page.lines()
        .filter(l -> l.contains("study=\"mri-lesions\"") && l.contains("site=\"south\""))
        .forEach(l -> series.add(l.substring(0, l.indexOf('}'))));

    assertThat(series.size()).isBetween(5, 40);
  }

  @Test
  void page_promtool_findsNothingToComplain() throws Exception {
    boolean installed =
        Stream.of(System.getenv("PATH").split(":"))
            .anyMatch(f -> Files.isExecutable(Path.of(f, "promtool")));
    if (!installed) {
      System.out.println("skipped: promtool is not on the PATH");
    }
    assumeTrue(installed);
    Path file = folder.resolve("page");
    Files.writeString(file, page);

    Process process =
        new ProcessBuilder("promtool", "check", "metrics")
            .redirectInput(file.toFile())
            .redirectErrorStream(true)
            .start();

    assertThat(new String(process.getInputStream().readAllBytes(), UTF_8)).isEmpty();
    assertThat(process.waitFor()).isZero();
  }
}
