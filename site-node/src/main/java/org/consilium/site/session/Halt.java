package org.consilium.site.session;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A stop sign that waits can be cut short by. Once halted, it stays so. Safe for many threads. */
public final class Halt {
  private final CountDownLatch halted = new CountDownLatch(1);
  private final List<Runnable> actions = new CopyOnWriteArrayList<>();

  /** Sets the sign and runs what was registered. */
  public void halt() {
    halted.countDown();
    actions.forEach(Runnable::run);
  }

  /** Whether it is set. */
  public boolean halted() {
    return halted.getCount() == 0;
  }

  /** Waits at most {@code limit}; returns whether the sign is set. */
  public boolean await(Duration limit) {
    try {
      return halted.await(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      return true;
    }
  }

  /** Runs {@code action} when the sign is set, at once if it is. */
  public void onHalt(Runnable action) {
    actions.add(action);
    if (halted()) {
      action.run();
    }
  }
}
