package org.consilium.coordinator.web;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Requests that no honest program sends, over real HTTP. None changes anything: the journal is as
 * long afterwards as it was.
 */
final class HostileRequestTest {
  private static final HttpClient CLIENT =
      HttpClient.newBuilder().followRedirects(HttpClient.Redirect.NEVER).build();
  private static final String JSON = "application/json";

  @TempDir static Path folder;

  private static SampleServer server;
  private long entries;

  @BeforeAll
  static void start() throws Exception {
    server = SampleServer.start(folder, 0);
  }

  @AfterAll
  static void stop() {
    server.close();
    CLIENT.close();
  }

  @BeforeEach
  void count() throws Exception {
    entries = entries();
  }

  @AfterEach
  void nothingChanged() throws Exception {
    assertThat(entries()).isEqualTo(entries);
  }

  @Test
  void badInput_44_codeInPathsAndQueries_isRefusedOrIgnored() throws Exception {
    for (String study :
        List.of("x'%20OR%201=1--", "%3B%20DROP%20TABLE", "..%2F..%2Fetc", "x%00y")) {
      assertRefused(get("/api/v1/studies/" + study), 400);
    }
    assertRefused(get("/api/v1/studies/mri-lesions/metrics?by=site%3Bdrop%20table%20journal"), 400);
    assertRefused(get("/api/v1/studies/mri-lesions/metrics?by='%20OR%201=1"), 400);
    assertRefused(get("/api/v1/studies/mri-lesions/models/1'%20OR%20'1'='1"), 404);
    // No list can be sorted or filtered: a parameter is not looked at.
    assertThat(get("/api/v1/sites?sort=name;drop&filter='%20OR%201=1&size=2147483647").body())
        .isEqualTo(get("/api/v1/sites").body());
  }

  @Test
  void connectionsBeyondTheLimit_areClosed_andOthersAreAnsweredAfterwards() throws Exception {
    List<Socket> held = new ArrayList<>();
    try {
      for (int i = 0; i < HttpDoor.ADDRESS_MAX; i++) {
        held.add(new Socket(InetAddress.getLoopbackAddress(), server.web.port()));
      }
      try (Socket beyond = new Socket(InetAddress.getLoopbackAddress(), server.web.port())) {
        beyond.setSoTimeout(60_000);
        assertThat(ended(beyond)).isTrue();
      }
    } finally {
      for (Socket one : held) {
        one.close();
      }
    }
    assertThat(get("/api/v1/studies").statusCode()).isEqualTo(200);
  }

  /** Whether the other side closes without a word. */
  private static boolean ended(Socket socket) throws IOException {
    try {
      return socket.getInputStream().read() < 0;
    } catch (SocketException reset) {
      return true;
    }
  }

  @Test
  void badInput_45_studyThatIsNotThere_looksTheSameForEveryName() throws Exception {
    // One administrator reads all or nothing: without the token another machine learns nothing,
    // not even which studies there are.
    String there = foreign("/api/v1/studies/mri-lesions");
    String absent = foreign("/api/v1/studies/no-such-study");

    assertThat(there).startsWith("HTTP/1.1 401 ");
    assertThat(withoutDate(there)).isEqualTo(withoutDate(absent));
    assertThat(get("/api/v1/studies/mri-lesions/models/99").statusCode()).isEqualTo(404);
  }

  @Test
  void badInput_46_tokenMissingForgedOrOfAnotherScheme_unauthorized() throws Exception {
    Base64.Encoder base64 = Base64.getUrlEncoder().withoutPadding();
    String unsigned =
        base64.encodeToString("{\"alg\":\"none\"}".getBytes(UTF_8))
            + "."
            + base64.encodeToString(
                "{\"sub\":\"admin\",\"aud\":\"other\",\"exp\":1}".getBytes(UTF_8))
            + ".";
    String basic =
        Base64.getEncoder().encodeToString(("admin:" + SampleServer.TOKEN).getBytes(UTF_8));
    for (String header :
        List.of(
            "Bearer",
            "Bearer ",
            "Bearer " + unsigned,
            "Bearer " + SampleServer.TOKEN + "x",
            "Bearer " + SampleServer.TOKEN.toUpperCase(java.util.Locale.ROOT),
            "bearer " + SampleServer.TOKEN,
            SampleServer.TOKEN,
            "Basic " + basic)) {
      HttpResponse<String> answer =
          send(
              request("/api/v1/sites/north:revoke")
                  .header("Authorization", header)
                  .header("Content-Type", JSON)
                  .POST(BodyPublishers.ofString("{}")));

      assertThat(answer.statusCode()).as(header).isEqualTo(401);
      assertThat(answer.body()).contains("CS-AUTH-001").doesNotContain(SampleServer.TOKEN);
    }
  }

  @Test
  void badInput_46_changeFromAForeignPage_isNotTheUsersDoing() throws Exception {
    // What a browser adds by itself (cookies, its address) grants no change: only the header does.
    for (String type : List.of("text/plain", "application/x-www-form-urlencoded", JSON)) {
      HttpResponse<String> answer =
          send(
              request("/api/v1/sites/north:revoke")
                  .header("Content-Type", type)
                  .header("Origin", "https://evil.example")
                  .header("Cookie", "token=" + SampleServer.TOKEN)
                  .POST(BodyPublishers.ofString("{\"reason\":\"x\"}")));

      assertThat(answer.statusCode()).as(type).isEqualTo(401);
    }
  }

  @Test
  void badInput_46_foreignOrigin_getsNoPermission() throws Exception {
    for (String method : List.of("GET", "OPTIONS")) {
      HttpResponse<String> answer =
          send(
              request("/api/v1/sites")
                  .header("Origin", "https://evil.example")
                  .header("Access-Control-Request-Method", "POST")
                  .method(method, BodyPublishers.noBody()));

      assertThat(answer.headers().map().keySet())
          .noneMatch(h -> h.toLowerCase(java.util.Locale.ROOT).startsWith("access-control-allow"));
    }
  }

  @Test
  void badInput_47_controlCharactersInAReason_reachNoLineOfTheirOwn() throws Exception {
    // east does not exist: the reason must not appear in the answer, nor break it.
    HttpResponse<String> answer =
        post("/api/v1/sites/east:revoke", "{\"reason\":\"a\\r\\nSet-Cookie: x\\u001b[31m\"}");

    assertRefused(answer, 404);
    assertThat(answer.headers().firstValue("Set-Cookie")).isEmpty();
    assertThat(answer.body()).doesNotContain("\u001b", "Set-Cookie");
  }

  @Test
  void badInput_47_namesOfPeople_holdNoMarkupFormulaOrLine() throws Exception {
    for (String name :
        List.of(
            "<script>", "=cmd|'/c calc'!A0", "@sum", "a\\r\\nb", "\\u001b[2J", "a\\\"}", "ＮＯＲＴＨ")) {
      HttpResponse<String> answer =
          post(
              "/api/v1/motions",
              "{\"person\":\"%s\",\"motion\":\"AAAA\",\"signature\":\"AAAA\"}".formatted(name));
      assertRefused(answer, 400);
      assertThat(answer.body()).doesNotContain("<script", "\u001b");
    }
  }

  @Test
  void badInput_47_labelsOfMetrics_comeFromStudiesAndSitesAlone() throws Exception {
    long before = series();
    for (int i = 0; i < 50; i++) {
      get("/api/v1/studies/made-up-" + i);
      get("/nowhere/" + i);
      foreign("/api/v1/sites?x=" + i);
    }
    assertThat(series()).isEqualTo(before);
  }

  @Test
  void badInput_48_fieldsThatNobodyMaySet_areRefusedOrIgnored() throws Exception {
    HttpResponse<String> answer =
        post(
            "/api/v1/motions",
            "{\"motion\":\"AAAA\",\"person\":\"ada\",\"signature\":\"AAAA\","
                + "\"state\":\"ACTIVE\",\"role\":\"consortium-admin\",\"carried\":true}");

    assertThat(answer.statusCode()).isIn(400, 422);
    assertThat(server.consortium.list())
        .filteredOn(m -> m.site().value().equals("south"))
        .allSatisfy(m -> assertThat(m.state().name()).isEqualTo("PENDING"));
  }

  @Test
  void badInput_48_deepHugeOrForeignBodies_areRefused() throws Exception {
    assertRefused(post("/api/v1/motions", "[".repeat(100_000)), 400);
    assertRefused(post("/api/v1/motions", "{\"person\":".repeat(20_000)), 400);
    assertRefused(post("/api/v1/motions", "{\"person\":[[[{}]]]}"), 400);
    assertRefused(post("/api/v1/motions", "{\"person\":\"" + "x".repeat(200_000) + "\"}"), 400);
    assertRefused(post("/api/v1/motions", "not json"), 400);
    assertRefused(post("/api/v1/motions", "{\"person\":\"" + "x".repeat(400_000) + "\"}"), 413);
    assertRefused(
        send(
            admin("/api/v1/motions")
                .header("Content-Type", "application/xml")
                .POST(
                    BodyPublishers.ofString(
                        "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><x>&e;</x>"))),
        415);
  }

  @Test
  void badInput_48_fieldsNullMissingOrOfAnotherType_areRefusedByEveryPost() throws Exception {
    List<String> posts = posts();
    assertThat(posts).hasSize(11).contains("/api/v1/motions", "/api/v1/denylist");
    posts.remove("/api/v1/studies/{id}:replay"); // reads no body, and the sample replays any study
    posts.remove("/api/v1/backup"); // nor does this
    for (String path : posts) {
      String there = path.replace("{id}", "nowhere");
      String type = path.equals("/api/v1/studies") ? "application/yaml" : JSON;
      for (String body : strange()) {
        HttpResponse<String> answer =
            send(admin(there).header("Content-Type", type).POST(BodyPublishers.ofString(body)));

        assertThat(answer.statusCode())
            .as("%s with %s: %s", there, body, answer.body())
            .isIn(400, 404, 409, 422);
        assertRefused(answer, answer.statusCode());
      }
    }
  }

  /** Bodies that say nothing that any route could do, unless a reason may be left out there. */
  private static List<String> strange() {
    List<String> bodies =
        new ArrayList<>(List.of("", "null", "[]", "5", "true", "\"x\"", "[null]", "{}"));
    for (String field :
        List.of("motion", "person", "signature", "kind", "value", "reason", "unknown")) {
      for (String value : List.of("null", "5", "true", "{}", "[]", "[null]", "[\"a\",\"b\"]")) {
        bodies.add("{\"%s\":%s}".formatted(field, value));
        bodies.add("{\"motion\":null,\"kind\":null,\"%s\":%s}".formatted(field, value));
      }
    }
    return bodies;
  }

  /** Every path of the published description that takes a POST. */
  private static List<String> posts() throws Exception {
    List<String> posts = new ArrayList<>();
    String path = "";
    for (String line : get("/openapi.yaml").body().lines().toList()) {
      if (line.matches("  /\\S+:")) {
        path = line.strip().replaceFirst(":$", "");
      } else if (line.equals("    post:")) {
        posts.add(path);
      }
    }
    return posts;
  }

  @Test
  void badInput_48_addressesToFetch_areNowhereTaken() throws Exception {
    // A study names a foundation by name and digest; no key of any request holds an address.
    for (String address :
        List.of("http://169.254.169.254/latest", "file:///etc/passwd", "jar:http://x!/")) {
      HttpResponse<String> answer =
          send(
              admin("/api/v1/studies")
                  .header("Content-Type", "application/yaml")
                  .POST(
                      BodyPublishers.ofString(
                          "model:\n  foundation: {name: \"%s\", url: \"%s\"}\nwebhook: \"%s\"\n"
                              .formatted(address, address, address))));
      assertThat(answer.statusCode()).isEqualTo(422);
      assertThat(answer.body()).doesNotContain("root:");
    }
  }

  @Test
  void badInput_49_innerPages_areNotThere() throws Exception {
    for (String path :
        List.of(
            "/env",
            "/beans",
            "/routes",
            "/loggers",
            "/threaddump",
            "/heapdump",
            "/refresh",
            "/stop",
            "/info",
            "/caches",
            "/health",
            "/prometheus",
            "/swagger-ui",
            "/assets/../logback.xml",
            "/assets/%2e%2e/logback.xml")) {
      HttpResponse<String> answer = get(path);
      assertThat(answer.statusCode()).as(path).isIn(400, 404);
    }
  }

  @Test
  void badInput_49_numberBelowTheSmallCell_isInNoAnswer() throws Exception {
    // west has 12 training cases where the study demands more before it shows a number.
    assertThat(get("/api/v1/studies/mri-lesions").body()).doesNotContain("\"samples\":12");
    assertThat(get("/metrics").body().lines().filter(l -> l.contains("_samples{")))
        .hasSize(3)
        .noneMatch(l -> l.contains("west"))
        .allMatch(l -> l.endsWith(" 50.0")); // the lower edge of a bucket
    assertThat(get("/health/ready").body()).isEqualTo("{\"status\":\"UP\"}");
    assertThat(get("/api/v1/studies/mri-lesions").body()).contains("\"samples\":null");
  }

  /** The scan of the third port: HTTP/1.1 in the clear, on this machine; nothing else. */
  @Test
  void port_ofTheWeb_speaksNeitherTlsNorHttp2() throws Exception {
    String upgrade =
        raw(
            String.join(
                "\r\n",
                "GET /health/live HTTP/1.1",
                "Host: localhost",
                "Connection: Upgrade, HTTP2-Settings",
                "Upgrade: h2c",
                "HTTP2-Settings: AAMAAABkAAQAAP__",
                "",
                "GET /health/live HTTP/1.1",
                "Host: localhost",
                "Connection: close",
                "",
                ""));
    String preface = raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0");
    String hello = raw("\26\3\1\0\5\1\0\0\1\3\r\n\r\n");

    assertThat(upgrade).startsWith("HTTP/1.1 200 ").doesNotContain("101 Switching");
    // Words of a refusal or nothing; never a frame or a record.
    assertThat(preface).matches("(?s)(HTTP/\\S+ 4.*)?");
    assertThat(hello).matches("(?s)(HTTP/\\S+ 4.*)?");
  }

  private static void assertRefused(HttpResponse<String> answer, int status) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    assertThat(answer.headers().firstValue("Content-Type").orElse(""))
        .startsWith("application/problem+json");
    assertThat(answer.body())
        .contains("\"status\":" + status)
        .doesNotContain("Exception", "\tat ", "org.consilium", "io.micronaut", folder.toString());
  }

  private static HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.web.port() + path));
  }

  private static HttpRequest.Builder admin(String path) {
    return request(path).header("Authorization", "Bearer " + SampleServer.TOKEN);
  }

  private static HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
    return CLIENT.send(request.build(), BodyHandlers.ofString(UTF_8));
  }

  private static HttpResponse<String> get(String path) throws Exception {
    return send(request(path));
  }

  private static HttpResponse<String> post(String path, String body) throws Exception {
    return send(admin(path).header("Content-Type", JSON).POST(BodyPublishers.ofString(body)));
  }

  /** As from another machine: under a host name that is not this one's. */
  private static String foreign(String path) throws Exception {
    // A raw socket: the JDK's client does not let a test choose the Host header.
    return raw(
        "GET %s HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n".formatted(path));
  }

  /** Sends these bytes, and reads until the server hangs up or is silent for two seconds. */
  private static String raw(String bytes) throws Exception {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.web.port())) {
      socket.setSoTimeout(2_000);
      socket.getOutputStream().write(bytes.getBytes(ISO_8859_1));
      var answer = new ByteArrayOutputStream();
      try {
        socket.getInputStream().transferTo(answer);
      } catch (IOException silentOrReset) {
        // what was said so far counts
      }
      return answer.toString(UTF_8);
    }
  }

  private static String withoutDate(String answer) {
    return answer.replaceAll("(?im)^date:.*$", "");
  }

  private static long series() throws Exception {
    return get("/metrics").body().lines().filter(l -> l.startsWith("consilium_")).count();
  }

  private static long entries() throws Exception {
    AtomicLong count = new AtomicLong();
    for (String stream : server.journal.streams("")) {
      server.journal.replay(stream, _ -> count.incrementAndGet());
    }
    return count.get();
  }
}
