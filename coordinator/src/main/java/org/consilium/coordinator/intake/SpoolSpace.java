package org.consilium.coordinator.intake;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;

/** How much room the spool has. */
@FunctionalInterface
public interface SpoolSpace {
  /** Bytes that can still be written. */
  long usableBytes() throws IOException;

  /** The room of the file store that holds a folder, which is there. */
  static SpoolSpace of(Path folder) throws IOException {
    // Finding the store reads the list of mounts, and every chunk asks for the room.
    FileStore store = Files.getFileStore(folder);
    return store::getUsableSpace;
  }
}
