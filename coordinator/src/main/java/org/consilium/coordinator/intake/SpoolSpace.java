package org.consilium.coordinator.intake;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** How much room the spool has. */
@FunctionalInterface
public interface SpoolSpace {
  /** Bytes that can still be written. */
  long usableBytes() throws IOException;

  /** The room of the file store that holds a folder. */
  static SpoolSpace of(Path folder) {
    return () -> Files.getFileStore(folder).getUsableSpace();
  }
}
