package org.consilium.coordinator.intake;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;

/**
 * Has the disk begin with a file while its next chunks still arrive, so that little is left to wait
 * for at its end. Guarded by its upload.
 */
final class WriteBack {
  /** Bytes that are written before the disk is asked to take them. */
  static final long STEP_BYTES = 32L << 20;

  private final Executor disk;
  private CompletableFuture<Void> running = CompletableFuture.completedFuture(null);
  private long waiting;

  /**
   * For one file.
   *
   * @param disk waits for the disk, one file after another
   */
  WriteBack(Executor disk) {
    this.disk = disk;
  }

  /** Some more was written. */
  void wrote(FileChannel file, int bytes) {
    waiting += bytes;
    // After a failure no more: the end tells it.
    if (waiting >= STEP_BYTES && running.isDone() && !running.isCompletedExceptionally()) {
      waiting = 0;
      running = CompletableFuture.runAsync(() -> force(file), disk);
    }
  }

  /**
   * Waits for what is under way.
   *
   * @throws IOException if the disk refused any of it
   */
  void end() throws IOException {
    try {
      var _ = running.get();
    } catch (ExecutionException failed) {
      throw new IOException("write spooled update back to disk", failed.getCause());
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      throw new IOException("write spooled update back to disk: interrupted", stopped);
    }
  }

  /** Waits for what is under way, whatever becomes of it. */
  void stop() {
    var _ = running.handle((_, _) -> true).join();
  }

  private static void force(FileChannel file) {
    try {
      file.force(false);
    } catch (IOException failed) {
      throw new java.io.UncheckedIOException(failed);
    }
  }
}
