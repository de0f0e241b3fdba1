package org.consilium.coordinator.web;

import io.micronaut.core.io.ResourceLoader;
import io.micronaut.http.HttpResponse;
import io.micronaut.http.MediaType;
import io.micronaut.http.annotation.Controller;
import io.micronaut.http.annotation.Get;
import io.micronaut.http.annotation.Produces;
import io.micronaut.scheduling.TaskExecutors;
import io.micronaut.scheduling.annotation.ExecuteOn;
import io.micronaut.serde.annotation.Serdeable;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.swagger.v3.oas.annotations.Hidden;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;

/** What machines ask: metrics, probes, the state of the journal, the description of this API. */
@Controller
@ExecuteOn(TaskExecutors.BLOCKING)
final class MonitoringController {
  private final WebServer.Parts parts;
  private final ResourceLoader resources;
  private final PrometheusTextFormatWriter writer = PrometheusTextFormatWriter.create();

  MonitoringController(WebServer.Parts parts, ResourceLoader resources) {
    this.parts = parts;
    this.resources = resources;
  }

  /**
   * The journal's hash chain.
   *
   * @param firstBad number of the first entry that was changed or is missing; 0 when all is well
   */
  @Serdeable
  record AuditJson(boolean valid, long firstBad, long entries) {}

  /** Checks every entry of the journal now. */
  @Get("/api/v1/audit")
  AuditJson audit() throws IOException {
    AtomicLong entries = new AtomicLong();
    for (String stream : parts.journal().streams("")) {
      parts.journal().replay(stream, _ -> entries.incrementAndGet());
    }
    long firstBad = parts.journal().firstBadEntry();
    return new AuditJson(firstBad == 0, firstBad, entries.get());
  }

  @Hidden
  @Get("/metrics")
  @Produces("text/plain; version=0.0.4; charset=utf-8")
  String metrics() throws IOException {
    var page = new ByteArrayOutputStream();
    writer.write(page, parts.metering().registry().scrape());
    return page.toString(StandardCharsets.UTF_8);
  }

  @Hidden
  @Get("/health/live")
  HttpResponse<Health> live() {
    return HttpResponse.ok(new Health("UP"));
  }

  @Hidden
  @Get("/health/ready")
  HttpResponse<Health> ready() {
    return parts.ready().getAsBoolean()
        ? HttpResponse.ok(new Health("UP"))
        : HttpResponse.<Health>serverError().status(503).body(new Health("DOWN"));
  }

  @Hidden
  @Get("/health/started")
  HttpResponse<Health> started() {
    return ready();
  }

  /** Whether the service can do its work. */
  @Serdeable
  record Health(String status) {}

  @Hidden
  @Get("/openapi.yaml")
  @Produces("application/yaml")
  HttpResponse<String> openapi() throws IOException {
    var found = resources.getResourceAsStream("classpath:META-INF/swagger/consilium.yml");
    if (found.isEmpty()) {
      return HttpResponse.notFound();
    }
    try (InputStream in = found.get()) {
      return HttpResponse.ok(new String(in.readAllBytes(), StandardCharsets.UTF_8))
          .contentType(MediaType.of("application/yaml"));
    }
  }
}
