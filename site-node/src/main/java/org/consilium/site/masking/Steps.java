package org.consilium.site.masking;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.consilium.site.protect.EgressBlocked;
import org.consilium.site.session.Halt;

/** What a desk has to do, one step after another; one that fails is done again for a while. */
final class Steps {
  private static final int WAITING_MAX = 256;
  private static final Duration POLL = Duration.ofMillis(50);

  /** A step that fails is tried again every second, for some five minutes; five times to send. */
  private static final Duration PAUSE = Duration.ofSeconds(1);

  private static final int TRIES_MAX = 300;

  private final Consumer<String> log;
  private final BlockingQueue<Waiting> waiting = new ArrayBlockingQueue<>(WAITING_MAX);

  /**
   * Nothing to do yet.
   *
   * @param log for people at the hospital
   */
  Steps(Consumer<String> log) {
    this.log = log;
  }

  /** Something to do; to do it again changes nothing. */
  @FunctionalInterface
  interface Step {
    void run(Halt halt) throws IOException;
  }

  /** A message could not be sent for now. */
  static final class NotSent extends IOException {
    private static final long serialVersionUID = 1L;

    NotSent(String detail) {
      super(detail);
    }
  }

  /** A step and how often it failed. */
  private record Waiting(Step step, int failures) {}

  /** Has a step done after those that wait. */
  void post(Step step) {
    post(new Waiting(step, 0));
  }

  private void post(Waiting step) {
    if (!waiting.offer(step)) {
      log.accept("a step of masking was dropped: %d wait already".formatted(WAITING_MAX));
    }
  }

  /** Works until {@code halt} is set. */
  void run(Halt halt) {
    while (!halt.halted()) {
      try {
        Waiting next = waiting.poll(POLL.toMillis(), TimeUnit.MILLISECONDS);
        if (next != null) {
          work(next, halt);
        }
      } catch (InterruptedException interrupted) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  /** One message that could not leave must not end the masking of all later rounds. */
  private void work(Waiting next, Halt halt) {
    try {
      next.step.run(halt);
    } catch (EgressBlocked held) {
      log.accept("masking: " + held.getMessage());
    } catch (IOException | UncheckedIOException failed) {
      // One that could not be sent was tried for minutes.
      int failures = next.failures + (failed instanceof NotSent ? TRIES_MAX / 5 : 1);
      boolean again = failures < TRIES_MAX;
      if (next.failures == 0 || !again) {
        log.accept(
            "masking: %s; %s".formatted(failed.getMessage(), again ? "tried again" : "given up"));
      }
      if (again && !halt.await(PAUSE)) {
        post(new Waiting(next.step, failures));
      }
    }
  }

  /** Does all that waits, on the caller's thread. */
  void advance(Halt halt) throws IOException {
    for (Waiting next = waiting.poll(); next != null; next = waiting.poll()) {
      try {
        next.step.run(halt);
      } catch (NotSent later) {
        log.accept("masking: " + later.getMessage());
      }
    }
  }
}
