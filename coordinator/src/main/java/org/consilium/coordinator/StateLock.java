package org.consilium.coordinator;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import org.consilium.security.keyfile.LockFile;

/** Held by the one process that works in a state folder; close it. */
final class StateLock {
  private StateLock() {}

  /** Takes the lock, or says who has it. */
  static FileChannel take(Path state) throws IOException {
    return LockFile.take(state.resolve("serve.lock"))
        .orElseThrow(
            () ->
                new IOException(
                    "open state folder %s: another coordinator has it open; stop that one first"
                        .formatted(state)));
  }
}
