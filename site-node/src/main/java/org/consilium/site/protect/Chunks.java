package org.consilium.site.protect;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.consilium.security.fixed.NotFinite;

/**
 * Chunks shared out among a few threads. Nobody is interrupted, because an interrupt would close
 * the files that are read; a failure stops the others at their next chunk.
 */
final class Chunks {
  private final int threads;

  Chunks(int threads) {
    this.threads = threads;
  }

  /** One thread's work, with its own buffers. */
  interface Work extends AutoCloseable {
    void chunk(int index) throws IOException, NotFinite;

    @Override
    default void close() {}
  }

  /** Makes a thread's buffers. */
  interface Maker {
    Work make();
  }

  /** Works on chunks {@code from} to {@code to - 1}, each once; waits for all. */
  void run(int from, int to, Maker maker) throws IOException, NotFinite {
    AtomicInteger next = new AtomicInteger(from);
    AtomicBoolean failed = new AtomicBoolean();
    int workers = Math.min(threads, to - from);
    if (workers <= 1) {
      work(next, to, failed, maker);
      return;
    }
    List<Future<?>> running = new ArrayList<>();
    try (ExecutorService pool = Executors.newFixedThreadPool(workers)) {
      for (int i = 0; i < workers; i++) {
        running.add(
            pool.submit(
                () -> {
                  work(next, to, failed, maker);
                  return null;
                }));
      }
    }
    for (Future<?> one : running) {
      join(one);
    }
  }

  private static void work(AtomicInteger next, int to, AtomicBoolean failed, Maker maker)
      throws IOException, NotFinite {
    try (Work work = maker.make()) {
      for (int i = next.getAndIncrement(); i < to && !failed.get(); i = next.getAndIncrement()) {
        work.chunk(i);
      }
    } catch (IOException | NotFinite | RuntimeException failure) {
      failed.set(true);
      throw failure;
    }
  }

  private static void join(Future<?> finished) throws IOException, NotFinite {
    try {
      var _ = finished.get();
    } catch (ExecutionException failure) {
      switch (failure.getCause()) {
        case IOException io -> throw io;
        case NotFinite notFinite -> throw notFinite;
        case null, default ->
            throw new IllegalStateException("protect a chunk", failure.getCause());
      }
    } catch (InterruptedException impossible) {
      Thread.currentThread().interrupt();
      throw new IOException("protect: interrupted", impossible);
    }
  }
}
