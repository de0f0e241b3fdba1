package org.consilium.coordinator.study;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;

/** Keeps files from being removed while they are copied. Safe for use by many threads. */
public final class Hold {
  private static final int REMOVERS_MAX = 1 << 20;

  private final Semaphore free = new Semaphore(REMOVERS_MAX);
  private final List<Runnable> afterwards = new CopyOnWriteArrayList<>();

  Hold() {}

  /** Copies files. */
  @FunctionalInterface
  public interface Copying {
    void copy() throws IOException;
  }

  /** Waits for the removals under way; there are no more until the copy is made. */
  public void during(Copying copying) throws IOException {
    free.acquireUninterruptibly(REMOVERS_MAX);
    try {
      copying.copy();
    } finally {
      free.release(REMOVERS_MAX);
      afterwards.forEach(Runnable::run);
    }
  }

  /** Is run after each copy. */
  void onRelease(Runnable removal) {
    afterwards.add(removal);
  }

  /** Has the right to remove; false while a copy is made, and then nothing may be removed. */
  boolean enter() {
    return free.tryAcquire();
  }

  /** Ends what {@link #enter} began. */
  void leave() {
    free.release();
  }
}
