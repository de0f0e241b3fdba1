package org.consilium.site.work;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.consilium.models.catalog.ModelSheet;
import org.consilium.models.checkpoint.CheckpointRefused;
import org.consilium.models.data.MalformedData;
import org.consilium.models.engine.EngineUnavailable;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.StudyId;
import org.consilium.site.policy.Why;
import org.consilium.site.session.Halt;

/**
 * Where one task is worked on at a time, on one thread. A later task stops the one in work; the
 * same task again changes nothing; a task that is over is done again, which resends what was kept.
 */
final class Bench {
  /** A disk that fails is tried again for some five minutes, longer apart each time. */
  private static final int TRIES_MAX = 13;

  private static final Duration FIRST_PAUSE = Duration.ofMillis(250);
  private static final Duration LONGEST_PAUSE = Duration.ofMinutes(1);

  private final Tools tools;
  private final ScheduledExecutorService timer;
  private final Object lock = new Object();
  private final Map<StudyId, Given> waiting = new LinkedHashMap<>();
  private Optional<Given> inWork = Optional.empty();
  private boolean closed;
  private boolean besides; // the task in work is done, and what goes on may end at any time

  Bench(Tools tools, ScheduledExecutorService timer) {
    this.tools = tools;
    this.timer = timer;
  }

  /**
   * A task with its stop sign.
   *
   * @param deadline set when late work no longer counts
   */
  private record Given(TaskKey key, TaskWork work, Halt halt, ScheduledFuture<?> deadline) {}

  /** Hands a task over; returns whether it is new. */
  boolean give(RoundTask task, TaskWork work) {
    TaskKey key = TaskKey.of(task);
    synchronized (lock) {
      Optional<Given> sooner = Optional.ofNullable(waiting.get(task.study()));
      if (has(task) || closed) {
        return false;
      }
      sooner.ifPresent(Bench::stop);
      inWork
          .filter(g -> g.key().study().equals(task.study()))
          .filter(g -> besides || !g.work().carriage().outlives(task))
          .ifPresent(Bench::stop);
      Halt halt = new Halt();
      ScheduledFuture<?> deadline =
          timer.schedule(halt::halt, work.carriage().patience().toMillis(), TimeUnit.MILLISECONDS);
      waiting.put(task.study(), new Given(key, work, halt, deadline));
      lock.notifyAll();
      return true;
    }
  }

  /** Whether a study's training is in work. */
  boolean trains(StudyId study) {
    synchronized (lock) {
      return inWork
          .filter(g -> g.key().study().equals(study) && g.key().kind() == RoundTask.Kind.TRAIN)
          .isPresent();
    }
  }

  /** Whether this very task waits or is in work. */
  boolean has(RoundTask task) {
    synchronized (lock) {
      return Optional.ofNullable(waiting.get(task.study()))
          .or(() -> inWork)
          .filter(g -> g.key().equals(TaskKey.of(task)))
          .isPresent();
    }
  }

  /** What is in work, for people. */
  String summary() {
    synchronized (lock) {
      return inWork.map(g -> g.key().toString()).orElse("idle");
    }
  }

  /** Works until closed. */
  void run() {
    while (true) {
      Optional<Given> next = take();
      if (next.isEmpty()) {
        return;
      }
      work(next.get());
      synchronized (lock) {
        inWork = Optional.empty();
      }
    }
  }

  /** Stops the task in work; those that wait are looked at when their turn comes. */
  void stopWork() {
    synchronized (lock) {
      inWork.ifPresent(Bench::stop);
    }
  }

  /** Stops the task in work and lets {@link #run} end. */
  void close() {
    synchronized (lock) {
      closed = true;
      waiting.values().forEach(Bench::stop);
      waiting.clear();
      inWork.ifPresent(Bench::stop);
      lock.notifyAll();
    }
  }

  private Optional<Given> take() {
    synchronized (lock) {
      try {
        while (waiting.isEmpty() && !closed) {
          lock.wait();
        }
      } catch (InterruptedException interrupted) {
        Thread.currentThread().interrupt();
        return Optional.empty();
      }
      if (closed) {
        return Optional.empty();
      }
      StudyId first = waiting.keySet().iterator().next();
      inWork = Optional.ofNullable(waiting.remove(first));
      return inWork;
    }
  }

  private void work(Given given) {
    Instant start = tools.clock().instant();
    TaskWork.Ending ending = tried(given);
    var _ = given.deadline().cancel(false);
    tools
        .metrics()
        .task(
            given.key().study().value(),
            given.key().kind() == RoundTask.Kind.TRAIN ? "train" : "validate",
            ending.word(),
            Duration.between(start, tools.clock().instant()));
  }

  /** Each step can be repeated, so a disk that is well again loses nothing. */
  private TaskWork.Ending tried(Given given) {
    Duration pause = FIRST_PAUSE;
    for (int tries = 1; true; tries++) {
      try {
        TaskWork.Ending ending = given.work().run(given.halt());
        if (ending == TaskWork.Ending.OK) {
          beside(given);
        }
        return ending;
      } catch (MalformedData | ModelSheet.Unfit | EngineUnavailable | CheckpointRefused unfit) {
        return failed(given, String.valueOf(unfit.getMessage())); // as unfit the next time
      } catch (IOException | UncheckedIOException failed) {
        if (tries == TRIES_MAX || given.halt().halted()) {
          return failed(given, String.valueOf(failed.getMessage()));
        }
        tools
            .log()
            .accept(
                "%s failed: %s; tried again in %d ms, %d of %d"
                    .formatted(
                        given.key(), failed.getMessage(), pause.toMillis(), tries, TRIES_MAX - 1));
        tools.metrics().diskFailed();
        var _ = given.halt().await(pause);
        pause = pause.multipliedBy(2);
        pause = pause.compareTo(LONGEST_PAUSE) < 0 ? pause : LONGEST_PAUSE;
      } catch (RuntimeException | LinkageError | StackOverflowError bug) {
        // The top of this thread: a bug must not end the node; the stack goes to the local log.
        return failed(given, bug.toString());
      }
    }
  }

  /** The site's own models are trained until the next task of the study comes. */
  private void beside(Given given) throws IOException {
    synchronized (lock) {
      besides = true;
      if (waiting.containsKey(given.key().study())) {
        stop(given);
      }
    }
    try {
      given.work().beside(given.halt());
    } finally {
      synchronized (lock) {
        besides = false;
      }
    }
  }

  private TaskWork.Ending failed(Given given, String detail) {
    try {
      return given.work().refuse(Why.INTERNAL, detail);
    } catch (IOException ledger) {
      tools.log().accept("%s failed: %s; %s".formatted(given.key(), detail, ledger.getMessage()));
      return TaskWork.Ending.FAILED;
    }
  }

  private static void stop(Given given) {
    given.halt().halt();
    var _ = given.deadline().cancel(false);
  }
}
