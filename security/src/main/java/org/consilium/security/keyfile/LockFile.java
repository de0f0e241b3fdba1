package org.consilium.security.keyfile;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/** A file that one holder at a time has locked, in whatever process; it stays when nobody has. */
public final class LockFile {
  private LockFile() {}

  /**
   * Takes the lock, without waiting.
   *
   * @param file made if it is not there
   * @return close it to let others in; empty if another process has it, or this one already
   */
  public static Optional<FileChannel> take(Path file) throws IOException {
    FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      if (channel.tryLock() != null) {
        return Optional.of(channel);
      }
    } catch (OverlappingFileLockException ours) {
      // by another thread of this very process
    }
    channel.close();
    return Optional.empty();
  }
}
