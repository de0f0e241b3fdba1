package org.consilium.sim.process;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Waiting on a thread of its own between two looks at a process: the one place that does. */
public final class Pause {
  private Pause() {}

  /** Waits. */
  public static void of(Duration time) throws InterruptedException {
    var _ = new CountDownLatch(1).await(time.toMillis(), TimeUnit.MILLISECONDS);
  }
}
