package org.consilium.security.bulk;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;

/**
 * Has the disk begin with a file while the rest of it is still made or still arrives, so that
 * little is left to wait for at its end. Safe for use by several threads. Whoever closes the file
 * waits here first.
 */
public final class WriteBack {
  /** Bytes that are written before the disk is asked to take them. */
  private static final long STEP_BYTES = 32L << 20;

  private final Executor disk;
  private CompletableFuture<Void> running = CompletableFuture.completedFuture(null);
  private long waiting;

  /**
   * For one file.
   *
   * @param disk waits for the disk
   */
  public WriteBack(Executor disk) {
    this.disk = disk;
  }

  /** Some more was written. */
  public synchronized void wrote(FileChannel file, int bytes) {
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
  public void end() throws IOException {
    try {
      var _ = underWay().get();
    } catch (ExecutionException failed) {
      throw new IOException("write back to disk", failed.getCause());
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      throw new IOException("write back to disk: interrupted", stopped);
    }
  }

  /** Waits for what is under way, whatever becomes of it. */
  public void stop() {
    var _ = underWay().handle((_, _) -> true).join();
  }

  private synchronized CompletableFuture<Void> underWay() {
    return running;
  }

  private static void force(FileChannel file) {
    try {
      file.force(false);
    } catch (IOException failed) {
      throw new java.io.UncheckedIOException(failed);
    }
  }
}
