package org.consilium.coordinator.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The REST interface and the pages over real HTTP, with hand-made studies behind. */
final class WebServerTest {
  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  @TempDir static Path folder;

  private static SampleServer server;

  @BeforeAll
  static void start() throws Exception {
    server = SampleServer.start(folder, 0);
  }

  @AfterAll
  static void stop() {
    server.close();
    CLIENT.close();
  }

  private static HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.web.port() + path));
  }

  private static HttpResponse<String> get(String path, String... headers) throws Exception {
    HttpRequest.Builder request = request(path);
    if (headers.length > 0) {
      request.headers(headers);
    }
    return CLIENT.send(request.build(), BodyHandlers.ofString(UTF_8));
  }

  private static HttpResponse<String> post(String path, String type, String body, String token)
      throws Exception {
    HttpRequest.Builder request = request(path).header("Content-Type", type);
    if (!token.isEmpty()) {
      request.header("Authorization", "Bearer " + token);
    }
    return CLIENT.send(
        request.POST(BodyPublishers.ofString(body)).build(), BodyHandlers.ofString(UTF_8));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/api/v1/sites",
        "/api/v1/sites/south/request",
        "/api/v1/roster",
        "/api/v1/motions",
        "/api/v1/studies",
        "/api/v1/studies/mri-lesions",
        "/api/v1/studies/mri-lesions/rounds",
        "/api/v1/studies/mri-lesions/models",
        "/api/v1/studies/mri-lesions/models/best",
        "/api/v1/studies/mri-lesions/metrics?by=site",
        "/api/v1/audit",
      })
  void get_fromThisMachine_answersJson(String path) throws Exception {
    HttpResponse<String> answer = get(path);

    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.headers().firstValue("Content-Type").orElse(""))
        .startsWith("application/json");
    assertThat(answer.body()).matches("(?s)[\\[{].*[\\]}]");
  }

  @Test
  void post_withoutOrWithWrongToken_isRefusedAndChangesNothing() throws Exception {
    String body = signed("east");

    HttpResponse<String> missing = post("/api/v1/motions", "application/json", body, "");
    HttpResponse<String> wrong = post("/api/v1/motions", "application/json", body, "guess");

    assertThat(missing.statusCode()).isEqualTo(401);
    assertThat(wrong.statusCode()).isEqualTo(401);
    assertThat(wrong.body()).contains("\"code\":\"CS-AUTH-001\"");
    assertThat(server.consortium.list()).noneMatch(m -> m.site().value().equals("east"));
  }

  @Test
  void get_underAForeignHostName_needsTheToken() throws Exception {
    // A raw socket: the JDK's client does not let a test choose the Host header.
    try (var socket = new java.net.Socket()) {
      socket.connect(
          new java.net.InetSocketAddress(
              java.net.InetAddress.getLoopbackAddress(), server.web.port()));
      socket
          .getOutputStream()
          .write(
              "GET /api/v1/sites HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
                  .getBytes(UTF_8));
      String answer = new String(socket.getInputStream().readAllBytes(), UTF_8);

      assertThat(answer).startsWith("HTTP/1.1 401");
    }
  }

  @Test
  void submit_signedProposal_waitsForASecondPersonAndIsListed() throws Exception {
    HttpResponse<String> answer =
        post("/api/v1/motions", "application/json", signed("west"), SampleServer.TOKEN);

    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    assertThat(answer.body()).contains("\"carried\":false", "\"signers\":[\"ada\"]");
    assertThat(get("/api/v1/motions").body()).contains("\"subject\":\"west\"");
    assertThat(get("/api/v1/roster").body()).doesNotContain("\"west\"");
  }

  @Test
  void badInput_14_proposerApprovesOwnMotion_isRefused() throws Exception {
    String signed = signed("south-east");
    var _ = post("/api/v1/motions", "application/json", signed, SampleServer.TOKEN);

    HttpResponse<String> again =
        post("/api/v1/motions", "application/json", signed, SampleServer.TOKEN);

    assertThat(again.statusCode()).isEqualTo(403);
    assertThat(again.body()).contains("CS-ROSTER-002");
  }

  /** A proposal to add a site, with one administrator's signature, as JSON. */
  private static String signed(String site) {
    var ballot = server.people.proposal(new org.consilium.protocol.SiteId(site));
    var base64 = java.util.Base64.getEncoder();
    return "{\"motion\":\"%s\",\"person\":\"%s\",\"signature\":\"%s\"}"
        .formatted(
            base64.encodeToString(ballot.motion().encoded()),
            ballot.person(),
            base64.encodeToString(ballot.signature()));
  }

  @Test
  void backup_sent_itsFileIsNoLongerThere() throws Exception {
    HttpResponse<String> answer =
        post("/api/v1/backup", "application/json", "{}", SampleServer.TOKEN);

    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    assertThat(answer.body()).isEqualTo("b");
    assertThat(folder.resolve("copy")).doesNotExist();
  }

  @Test
  void create_fileWithProblems_isAProblemWithPlaces() throws Exception {
    HttpResponse<String> answer =
        post("/api/v1/studies", "application/yaml", "metadata: {nam: x}\n", SampleServer.TOKEN);

    assertThat(answer.statusCode()).isEqualTo(422);
    assertThat(answer.headers().firstValue("Content-Type").orElse(""))
        .startsWith("application/problem+json");
    assertThat(answer.body()).contains("did you mean name?", "\"line\":1", "CS-STUDY-010");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/api/v1/studies/unknown",
        "/api/v1/studies/mri-lesions/models/99",
        "/studies/unknown",
        "/nowhere"
      })
  void get_unknown_is404Problem(String path) throws Exception {
    HttpResponse<String> answer = get(path);

    assertThat(answer.statusCode()).isEqualTo(404);
    assertThat(answer.body()).contains("\"status\":404").doesNotContain("Exception", "\tat ");
  }

  @Test
  void badInput_44_injectionInPathAndQuery_is4xx() throws Exception {
    assertThat(get("/api/v1/studies/x'%20OR%201=1").statusCode()).isEqualTo(400);
    assertThat(get("/api/v1/studies/mri-lesions/metrics?by=name;drop").statusCode()).isEqualTo(400);
  }

  @Test
  void badInput_49_frameworkPages_areNotThere() throws Exception {
    for (String path : new String[] {"/env", "/beans", "/health", "/prometheus"}) {
      assertThat(get(path).statusCode()).as(path).isEqualTo(404);
    }
  }

  @Test
  void badInput_47_titleWithScript_isEscapedAndPolicyForbidsScripts() throws Exception {
    HttpResponse<String> page = get("/studies/mri-lesions");

    assertThat(page.statusCode()).isEqualTo(200);
    assertThat(page.body()).doesNotContain("<script>").contains("&lt;script&gt;");
    assertThat(page.headers().firstValue("Content-Security-Policy").orElse(""))
        .startsWith("default-src 'none'");
  }

  @Test
  void page_centreWithFewCases_showsNoNumberOfIt() throws Exception {
    HttpResponse<String> page = get("/studies/mri-lesions");

    String west = page.body().substring(page.body().indexOf("<th scope=\"row\">west"));
    assertThat(west.substring(0, west.indexOf("</tr>")))
        .contains("not released", "not enough data")
        .doesNotContain(">12<");
  }

  @Test
  void page_chinesePreferred_isChinese() throws Exception {
    HttpResponse<String> page = get("/studies/mri-lesions", "Accept-Language", "zh-CN,zh;q=0.9");

    assertThat(page.body()).contains("lang=\"zh-CN\"", "各中心");
  }

  @Test
  void card_best_namesCentresIntervalsAndDigest() throws Exception {
    HttpResponse<String> card = get("/api/v1/studies/mri-lesions/models/best/card");

    assertThat(card.body())
        .contains("| north | 0.952 (0.912–0.982) |", "| west | – | – |", "sha256: ");
    assertThat(card.body()).contains("\\<script\\>");
  }

  @Test
  void modelFile_best_isTheStoredBytes() throws Exception {
    HttpResponse<byte[]> file =
        CLIENT.send(
            request("/api/v1/studies/mri-lesions/models/best/file").build(),
            BodyHandlers.ofByteArray());

    assertThat(file.body()).containsExactly(1, 2, 3);
  }

  @Test
  void openapi_served_describesThePaths() throws Exception {
    assertThat(get("/openapi.yaml").body())
        .contains("openapi: 3", "/api/v1/studies/{id}:start:", "/api/v1/motions:");
  }

  @Test
  void health_ready_isUpWithoutToken() throws Exception {
    assertThat(get("/health/ready").body()).isEqualTo("{\"status\":\"UP\"}");
  }
}
