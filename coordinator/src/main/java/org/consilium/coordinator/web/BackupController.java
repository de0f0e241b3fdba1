package org.consilium.coordinator.web;

import io.micronaut.http.MediaType;
import io.micronaut.http.annotation.Controller;
import io.micronaut.http.annotation.Post;
import io.micronaut.http.annotation.Produces;
import io.micronaut.http.server.types.files.StreamedFile;
import io.micronaut.scheduling.TaskExecutors;
import io.micronaut.scheduling.annotation.ExecuteOn;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
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
    Path file = Files.createTempFile("consilium-", ".backup"); // readable by its owner alone
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
      parts.proofs().backup().write(out);
    } catch (IOException | RuntimeException failed) {
      Files.deleteIfExists(file);
      throw failed;
    }
    // Removed when the answer has been sent and the stream is closed.
    return new StreamedFile(
            Files.newInputStream(file, StandardOpenOption.DELETE_ON_CLOSE),
            MediaType.APPLICATION_OCTET_STREAM_TYPE)
        .attach("consilium.backup");
  }
}
