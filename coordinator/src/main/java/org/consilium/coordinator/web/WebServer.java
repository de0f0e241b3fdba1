package org.consilium.coordinator.web;

import io.micronaut.context.ApplicationContext;
import io.micronaut.runtime.server.EmbeddedServer;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.swagger.v3.oas.annotations.OpenAPIDefinition;
import io.swagger.v3.oas.annotations.info.Info;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.consilium.coordinator.audit.AuditLog;
import org.consilium.coordinator.consortium.Consortium;
import org.consilium.coordinator.consortium.Denylist;
import org.consilium.coordinator.journal.Journal;
import org.consilium.coordinator.ops.AccessMetrics;
import org.consilium.coordinator.study.Replays;
import org.consilium.coordinator.study.StudyCatalogue;
import org.consilium.protocol.Limits;

/** The HTTP server, given all that it shows; stops with {@link #close}. */
@OpenAPIDefinition(
    info =
        @Info(
            title = "Consilium coordinator",
            version = "1",
            description =
                "Sites, studies, models and audit. Changes need the administrator's token."))
public final class WebServer implements AutoCloseable {
  private static final int REQUEST_BYTES_MAX = Limits.PLAN_BYTES_MAX + 4096;

  private final ApplicationContext context;
  private final EmbeddedServer server;

  private WebServer(ApplicationContext context, EmbeddedServer server) {
    this.context = context;
    this.server = server;
  }

  /**
   * What the server shows and who may change it.
   *
   * @param address where sites find the coordinator; goes into join tokens
   * @param access who may ask
   * @param ready whether studies and stores answer
   */
  public record Parts(
      StudyCatalogue studies,
      Consortium consortium,
      Denylist denylist,
      Journal journal,
      Proofs proofs,
      Consortium.Address address,
      Access access,
      Metering metering,
      BooleanSupplier ready) {}

  /**
   * What an auditor asks, and who has to put things back.
   *
   * @param backup makes one
   */
  public record Proofs(AuditLog audit, Replays replays, Copy backup) {}

  /** Makes a copy of what the coordinator holds. */
  @FunctionalInterface
  public interface Copy {
    /** A new file that its owner alone may read; whoever calls removes it. */
    Path make() throws IOException;
  }

  /** Where numbers about the service itself are kept. */
  public record Metering(PrometheusRegistry registry, AccessMetrics access) {}

  /**
   * Binds and serves.
   *
   * @param host address to bind
   * @param port 0 for any free one
   */
  public static WebServer start(String host, int port, Parts parts) {
    ApplicationContext context =
        ApplicationContext.builder()
            .properties(
                Map.of(
                    "micronaut.application.name",
                    "consilium-coordinator",
                    "micronaut.server.host",
                    host,
                    "micronaut.server.port",
                    port == 0 ? -1 : port,
                    "micronaut.server.max-request-size",
                    REQUEST_BYTES_MAX,
                    "micronaut.server.netty.max-header-size",
                    16 << 10,
                    "micronaut.server.server-header",
                    "",
                    "micronaut.serde.serialization.inclusion",
                    "ALWAYS",
                    "micronaut.router.static-resources.public.paths",
                    "classpath:public",
                    "micronaut.router.static-resources.public.mapping",
                    "/assets/**",
                    "micronaut.executors.blocking.virtual",
                    true))
            .banner(false)
            .deduceEnvironment(false)
            .deduceCloudEnvironment(false)
            .environmentPropertySource(false)
            .bootstrapEnvironment(false)
            .singletons(parts)
            .start();
    try {
      return new WebServer(context, context.getBean(EmbeddedServer.class).start());
    } catch (RuntimeException failed) {
      context.close();
      throw failed;
    }
  }

  /** A part of the server, for tests that look at all its routes. */
  <T> T bean(Class<T> type) {
    return context.getBean(type);
  }

  /** The port that was bound. */
  public int port() {
    return server.getPort();
  }

  @Override
  public void close() {
    server.stop();
    context.close();
  }
}
