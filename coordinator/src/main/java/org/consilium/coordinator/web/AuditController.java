package org.consilium.coordinator.web;

import io.micronaut.http.MediaType;
import io.micronaut.http.annotation.Controller;
import io.micronaut.http.annotation.Get;
import io.micronaut.http.annotation.Produces;
import io.micronaut.http.server.types.files.StreamedFile;
import io.micronaut.scheduling.TaskExecutors;
import io.micronaut.scheduling.annotation.ExecuteOn;
import io.micronaut.serde.annotation.Serdeable;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.SortedMap;
import org.consilium.coordinator.audit.AuditLog;
import org.jspecify.annotations.Nullable;

/** The audit log: its newest checkpoint, and all that an auditor needs to check it elsewhere. */
@Controller("/api/v1/audit")
@ExecuteOn(TaskExecutors.BLOCKING)
final class AuditController {
  private final WebServer.Parts parts;

  AuditController(WebServer.Parts parts) {
    this.parts = parts;
  }

  /**
   * The newest checkpoint.
   *
   * @param size entries, 0 when there is none
   * @param cosigned for each site, entries of the largest checkpoint that it cosigned
   * @param trouble why nothing is signed any more
   */
  @Serdeable
  record CheckpointJson(
      long size,
      @Nullable String root,
      @Nullable String time,
      SortedMap<String, Long> cosigned,
      @Nullable String trouble) {}

  /** The newest checkpoint and who cosigned. */
  @Get("/checkpoint")
  CheckpointJson checkpoint() {
    AuditLog.Status status = parts.proofs().audit().status();
    return new CheckpointJson(
        status.latest().map(c -> c.head().size()).orElse(0L),
        status.latest().map(c -> c.head().root().hex()).orElse(null),
        status.latest().map(c -> c.time().toString()).orElse(null),
        status.cosigned(),
        status.trouble().orElse(null));
  }

  /** Checkpoints, cosignatures and the hashes of all entries; no content of any. */
  @Get("/bundle")
  @Produces(MediaType.APPLICATION_OCTET_STREAM)
  StreamedFile bundle() throws IOException {
    Path file = Files.createTempFile("consilium-", ".audit");
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
      parts.proofs().audit().export(out);
    }
    // Removed when the answer has been sent and the stream is closed.
    return new StreamedFile(
            Files.newInputStream(file, StandardOpenOption.DELETE_ON_CLOSE),
            MediaType.APPLICATION_OCTET_STREAM_TYPE)
        .attach("consortium.audit");
  }
}
