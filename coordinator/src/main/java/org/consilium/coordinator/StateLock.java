package org.consilium.coordinator;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Held by the one process that works in a state folder; close it. */
final class StateLock {
  private StateLock() {}

  /** Takes the lock, or says who has it. */
  static FileChannel take(Path state) throws IOException {
    FileChannel file =
        FileChannel.open(
            state.resolve("serve.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      if (file.tryLock() != null) {
        return file;
      }
    } catch (OverlappingFileLockException ours) {
      // by another coordinator of this very process
    }
    file.close();
    throw new IOException(
        "open state folder %s: another coordinator has it open; stop that one first"
            .formatted(state));
  }
}
