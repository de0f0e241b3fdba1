package org.consilium.site.upload;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import org.consilium.protocol.RoundTask.ModelReference;

/**
 * The room that models on their way leave on the disk: whatever a coordinator sends, the ledger and
 * the journals can be written.
 */
final class DiskReserve {
  /** Years of ledger lines. */
  static final long BYTES_MAX = 256L << 20;

  /** A small disk keeps a twentieth, so that it is of use at all. */
  private static final int PART_OF_DISK = 20;

  private final Usable usable;
  private final long bytes;

  /**
   * A reserve.
   *
   * @param usable how much can still be written
   * @param bytes how much of that is left alone
   */
  DiskReserve(Usable usable, long bytes) {
    this.usable = usable;
    this.bytes = bytes;
  }

  /** Bytes that can still be written. */
  @FunctionalInterface
  interface Usable {
    long bytes() throws IOException;
  }

  /** There is too little room now; there may be more later. */
  static final class NoRoom extends IOException {
    private static final long serialVersionUID = 1L;

    NoRoom(String message) {
      super(message);
    }
  }

  /** That of the file store that holds a folder, which is there. */
  static DiskReserve of(Path folder) throws IOException {
    // Finding the store reads the list of mounts, and every chunk asks for the room.
    FileStore store = Files.getFileStore(folder);
    return new DiskReserve(store::getUsableSpace, bytesOf(store.getTotalSpace()));
  }

  /** The reserve of a disk of so many bytes. */
  static long bytesOf(long diskBytes) {
    return Math.min(BYTES_MAX, diskBytes / PART_OF_DISK);
  }

  /** Whether so many more can be written; a negative number is bytes that go before. */
  boolean holds(long more) throws IOException {
    return usable.bytes() >= bytes + more;
  }

  /** What to say when they cannot. */
  NoRoom noRoom(ModelReference model, long toComeBytes) throws IOException {
    return new NoRoom(
        "fetch model %s: %d bytes are to come, %d are free, and %d of them stay free for the ledger"
            .formatted(model.version().digest().brief(), toComeBytes, usable.bytes(), bytes));
  }
}
