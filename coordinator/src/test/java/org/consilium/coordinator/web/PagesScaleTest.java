package org.consilium.coordinator.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import org.consilium.coordinator.study.LongStudy;
import org.consilium.protocol.SiteId;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * What people and machines ask of a coordinator with 100 sites and 1,000 rounds behind it. Times
 * are printed, not asserted: the machine may be busy.
 */
@Tag("slow")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class PagesScaleTest {
  private static final int SITES = Integer.getInteger("consilium.pages.sites", 100);
  private static final int ROUNDS = Integer.getInteger("consilium.pages.rounds", 1000);
  private static final int TIMES = 50;
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private LongStudy study;
  private SampleServer server;
  private final HttpClient client = HttpClient.newHttpClient();

  @BeforeAll
  void fill(@TempDir Path folder) throws Exception {
    SampleServer.Started started = SampleServer.over(folder, SITES, ROUNDS);
    study = started.study();
    server = started.server();
  }

  @AfterAll
  void close() {
    server.close();
    study.close();
    client.close();
  }

  private HttpResponse<String> get(String path) throws Exception {
    URI uri = URI.create("http://127.0.0.1:" + server.web.port() + path);
    HttpResponse<String> answer =
        client.send(
            HttpRequest.newBuilder(uri)
                .header("Authorization", "Bearer " + SampleServer.TOKEN)
                .build(),
            BodyHandlers.ofString(UTF_8));
    assertThat(answer.statusCode()).isEqualTo(200);
    return answer;
  }

  /** Asks till it is warm, then prints the median. */
  private String measured(String path) throws Exception {
    String body = "";
    double[] millis = new double[TIMES];
    for (int i = -60; i < TIMES; i++) {
      long before = System.nanoTime();
      body = get(path).body();
      if (i >= 0) {
        millis[i] = (System.nanoTime() - before) / 1e6;
      }
    }
    Arrays.sort(millis);
    System.out.printf(
        Locale.ROOT,
        "%d sites, %d rounds: GET %s: median %.1f ms, slowest %.1f ms, %d KiB%n",
        SITES,
        ROUNDS,
        path,
        millis[TIMES / 2],
        millis[TIMES - 1],
        body.length() / 1024);
    return body;
  }

  @Test
  void metrics_everySite_isThere() throws Exception {
    String page = measured("/metrics");

    for (SiteId site : study.sites) {
      assertThat(page)
          .contains("consilium_validation_score{metric=\"auroc\",model=\"global\",site=\"" + site)
          .contains("consilium_update_norm{site=\"" + site);
    }
    assertThat(page)
        .contains("consilium_study_round{study=\"pneumonia\"} " + (ROUNDS + 1))
        .contains("state=\"invited\",study=\"pneumonia\"} " + SITES);
  }

  @Test
  void studies_theList_hasEverySiteWithItsSum() throws Exception {
    JsonNode list = JSON.readTree(measured("/api/v1/studies"));

    assertThat(list).hasSize(1);
    assertThat(list.at("/0/round").asInt()).isEqualTo(ROUNDS + 1);
    assertThat(list.at("/0/sites")).hasSize(SITES);
    assertThat(list.at("/0/sites/0/bytesUp").asLong()).isEqualTo(4_000_000L * ROUNDS);
    assertThat(list.at("/0/best/round").asInt()).isPositive();
  }

  @Test
  void sites_theList_isThere() throws Exception {
    assertThat(JSON.readTree(measured("/api/v1/sites"))).hasSize(SITES);
  }

  @Test
  void models_theList_hasEveryVersion() throws Exception {
    assertThat(JSON.readTree(measured("/api/v1/studies/pneumonia/models"))).hasSize(ROUNDS + 1);
  }

  @Test
  void rounds_pageByPage_haveEveryUpdateOnce() throws Exception {
    String path = "/api/v1/studies/pneumonia/rounds";
    JsonNode first = JSON.readTree(measured(path));
    JsonNode last = JSON.readTree(measured(path + "?from=-10"));

    int updates = 0;
    int rounds = 0;
    JsonNode page = first;
    while (!page.isEmpty()) {
      int here = 0;
      for (JsonNode round : page) {
        rounds++;
        assertThat(round.get("number").asInt()).isEqualTo(rounds);
        here += round.get("updates").size();
      }
      assertThat(here).isLessThanOrEqualTo(2500);
      updates += here;
      page = JSON.readTree(get(path + "?from=" + rounds).body());
    }
    assertThat(rounds).isEqualTo(ROUNDS + 1);
    assertThat(updates).isEqualTo(ROUNDS * SITES);
    assertThat(last).hasSize(10);
    assertThat(last.at("/9/number").asInt()).isEqualTo(ROUNDS + 1);
  }
}
