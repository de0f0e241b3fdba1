package org.consilium.coordinator.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.micronaut.web.router.Router;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.consilium.coordinator.permit.AllowList;
import org.consilium.coordinator.permit.AllowList.Route;
import org.consilium.coordinator.permit.Audience;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every address, asked for by everybody who can reach it, over real HTTP. */
final class RouteTableTest {
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

  @Test
  void table_namesEveryRouteOfTheServerAndNoOther() {
    Set<String> served = new TreeSet<>();
    server
        .web
        .bean(Router.class)
        .uriRoutes()
        .filter(r -> !r.getHttpMethodName().equals("HEAD"))
        .forEach(
            r -> served.add(r.getHttpMethodName() + " " + r.getUriMatchTemplate().toPathString()));
    Set<String> table = new TreeSet<>();
    AllowList.routes().stream()
        .filter(r -> !r.template().startsWith("/assets/"))
        .forEach(r -> table.add(r.verb() + " " + r.template()));

    assertThat(table).isEqualTo(served);
  }

  @Test
  void badInput_05_everyRoute_onlyWhoIsInTheTableGetsIn() throws Exception {
    List<String> wrong = new ArrayList<>();
    for (Route route : AllowList.routes()) {
      String path = route.template().replace("{id}", "nobody").replace("{round}", "1");
      path = path.replace("{+file}", "nothing.css");
      boolean open = route.audiences().contains(Audience.ANYONE);
      boolean local = open || route.audiences().contains(Audience.LOCAL_READER);
      expect(wrong, route, path, "local", "", local);
      expect(wrong, route, path, "wrong token", "Bearer guess", open);
      expect(wrong, route, path, "another scheme", "Basic " + SampleServer.TOKEN, open);
      expect(wrong, route, path, "administrator", "Bearer " + SampleServer.TOKEN, true);
    }
    assertThat(wrong).isEmpty();
  }

  private static void expect(
      List<String> wrong, Route route, String path, String who, String authorization, boolean in)
      throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.web.port() + path));
    if (!authorization.isEmpty()) {
      request.header("Authorization", authorization);
    }
    if (route.verb().equals("POST")) {
      request.header("Content-Type", "application/json").POST(BodyPublishers.ofString("{}"));
    }
    int status = CLIENT.send(request.build(), BodyHandlers.ofString(UTF_8)).statusCode();
    boolean refused = status == 401 || status == 403 || status == 405;
    if (refused == in) {
      wrong.add("%s %s by %s: %d".formatted(route.verb(), path, who, status));
    }
  }
}
