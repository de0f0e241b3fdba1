package org.consilium.site.ops;

import com.sun.net.httpserver.HttpExchange;
import io.prometheus.metrics.exporter.httpserver.HTTPServer;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;

/**
 * Serves {@code /metrics} and {@code /health} on loopback; nobody outside this machine reaches it.
 */
public final class MetricsServer implements AutoCloseable {
  private final HTTPServer server;

  private MetricsServer(HTTPServer server) {
    this.server = server;
  }

  /**
   * Starts it.
   *
   * @param port 0 for any that is free
   * @throws IOException if the port is taken
   */
  public static MetricsServer start(NodeMetrics metrics, int port) throws IOException {
    return new MetricsServer(
        HTTPServer.builder()
            .inetAddress(InetAddress.getLoopbackAddress())
            .port(port)
            .registry(metrics.registry())
            .registerHealthHandler(false)
            .metricsHandlerPath("/metrics")
            .defaultHandler(MetricsServer::health)
            .buildAndStart());
  }

  private static void health(HttpExchange exchange) throws IOException {
    boolean known = exchange.getRequestURI().getPath().equals("/health");
    byte[] body = (known ? "ok\n" : "not found\n").getBytes(StandardCharsets.US_ASCII);
    try (exchange) {
      exchange.sendResponseHeaders(known ? 200 : 404, body.length);
      exchange.getResponseBody().write(body);
    }
  }

  /** The port it listens on. */
  public int port() {
    return server.getPort();
  }

  @Override
  public void close() {
    server.close();
  }
}
