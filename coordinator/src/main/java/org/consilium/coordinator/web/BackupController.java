package org.consilium.coordinator.web;

import io.micronaut.http.MediaType;
import io.micronaut.http.annotation.Controller;
import io.micronaut.http.annotation.Post;
import io.micronaut.http.annotation.Produces;
import io.micronaut.http.server.types.files.StreamedFile;
import io.micronaut.scheduling.TaskExecutors;
import io.micronaut.scheduling.annotation.ExecuteOn;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** All that the coordinator holds, its keys too: for the administrator alone. */
@Controller("/api/v1/backup")
@ExecuteOn(TaskExecutors.BLOCKING)
final class BackupController {
  private final WebServer.Parts parts;

  BackupController(WebServer.Parts parts) {
    this.parts = parts;
  }

  /** A backup of this moment. */
  @Post
  @Produces(MediaType.APPLICATION_OCTET_STREAM)
  StreamedFile backup() throws IOException {
    Path file = parts.proofs().backup().make();
    // Removed when the answer has been sent and the stream is closed.
    return new StreamedFile(
            Files.newInputStream(file, StandardOpenOption.DELETE_ON_CLOSE),
            MediaType.APPLICATION_OCTET_STREAM_TYPE)
        .attach("consilium.backup");
  }
}
