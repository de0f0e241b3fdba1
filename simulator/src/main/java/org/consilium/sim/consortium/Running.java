package org.consilium.sim.consortium;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A short command in a process of its own.
 *
 * @param log all that it printed
 */
record Running(String name, Process process, Path log, InstantSource clock) {

  /** Fails when it has already ended badly. */
  void failIfBroken() throws IOException {
    if (!process.isAlive() && process.exitValue() != 0) {
      throw new IOException(
          "%s ended with code %d: %s"
              .formatted(
                  name,
                  process.exitValue(),
                  Files.readString(log, StandardCharsets.UTF_8).strip()));
    }
  }

  /** Starts a command whose output goes into a file. */
  static Running start(String name, List<String> command, Path log, InstantSource clock)
      throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.redirectErrorStream(true).redirectOutput(log.toFile());
    Process process = builder.start();
    process.getOutputStream().close();
    return new Running(name, process, log, clock);
  }

  /** Waits for a good end. */
  void finish(Instant until) throws IOException, InterruptedException {
    long left = Math.max(1, Duration.between(clock.instant(), until).toMillis());
    if (!process.waitFor(left, TimeUnit.MILLISECONDS)) {
      process.destroyForcibly();
      throw new IOException(
          "%s did not end: %s"
              .formatted(name, Files.readString(log, StandardCharsets.UTF_8).strip()));
    }
    failIfBroken();
  }
}
