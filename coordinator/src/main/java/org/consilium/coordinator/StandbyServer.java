package org.consilium.coordinator;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * What a standby answers on the port for people: that it is alive, and that it is not the one to
 * ask. Sites find nobody on their ports and go on to the next address.
 */
final class StandbyServer implements AutoCloseable {
  private static final int BACKLOG = 16;
  private static final String ALIVE = "{\"status\":\"UP\"}";
  private static final String STANDBY = "{\"status\":\"STANDBY\"}";
  private static final String REFUSAL =
      """
      {"title": "standby", "status": 503, "code": "CS-LEADER-002", \
      "detail": "this coordinator is a standby: another one leads", \
      "hint": "ask the other one, or wait until this one takes over", "errors": []}
      """;

  private final HttpServer server;
  private final ExecutorService threads;

  private StandbyServer(HttpServer server, ExecutorService threads) {
    this.server = server;
    this.threads = threads;
  }

  /**
   * Binds and answers.
   *
   * @param port 0 for any free one
   */
  static StandbyServer start(String host, int port) throws IOException {
    HttpServer server = HttpServer.create(new InetSocketAddress(host, port), BACKLOG);
    ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    server.setExecutor(threads);
    server.createContext("/", call -> answer(call, 503, REFUSAL));
    server.createContext("/health/live", call -> answer(call, 200, ALIVE));
    server.createContext("/health/started", call -> answer(call, 200, ALIVE));
    server.createContext("/health/ready", call -> answer(call, 503, STANDBY));
    server.start();
    return new StandbyServer(server, threads);
  }

  int port() {
    return server.getAddress().getPort();
  }

  private static void answer(HttpExchange call, int status, String body) throws IOException {
    try (call) {
      byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
      call.getResponseHeaders().set("Content-Type", "application/json");
      call.getResponseHeaders().set("Connection", "close");
      call.sendResponseHeaders(status, bytes.length);
      call.getResponseBody().write(bytes);
    }
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
