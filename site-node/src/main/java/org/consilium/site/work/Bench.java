package org.consilium.site.work;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
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
 * One that could not go on, because the coordinator did not answer or had no room, is given back
 * after a while: the coordinator does not name it a second time on a connection that stays.
 */
final class Bench {
  /** A disk that fails is tried again for some five minutes, longer apart each time. */
  private static final int TRIES_MAX = 13;

  private static final Duration FIRST_PAUSE = Duration.ofMillis(250);
  private static final Duration LONGEST_PAUSE = Duration.ofMinutes(1);
  private static final Duration FIRST_REST = Duration.ofSeconds(10);
  private static final Duration LONGEST_REST = Duration.ofMinutes(5);

  private final Tools tools;
  private final ScheduledExecutorService timer;
  private final Consumer<HeldTasks.Held> again;
  private final Object lock = new Object();
  private final Map<StudyId, Given> waiting = new LinkedHashMap<>();
  private final Map<StudyId, Given> resting = new LinkedHashMap<>();
  private final Map<StudyId, Rest> rests = new HashMap<>();
  private Optional<Given> inWork = Optional.empty();
  private boolean askedAgain; // for what is in work
  private boolean closed;
  private boolean besides; // the task in work is done, and what goes on may end at any time

  /**
   * Idle.
   *
   * @param again takes a task back that could not go on, to be judged anew; on another thread
   */
  Bench(Tools tools, ScheduledExecutorService timer, Consumer<HeldTasks.Held> again) {
    this.tools = tools;
    this.timer = timer;
    this.again = again;
  }

  /**
   * A task with its stop sign.
   *
   * @param deadline set when late work no longer counts
   */
  private record Given(
      HeldTasks.Held held, TaskKey key, TaskWork work, Halt halt, ScheduledFuture<?> deadline) {}

  /** How long a task is let lie the next time. */
  private record Rest(TaskKey key, Duration pause) {
    Rest longer() {
      Duration twice = pause.multipliedBy(2);
      return new Rest(key, twice.compareTo(LONGEST_REST) < 0 ? twice : LONGEST_REST);
    }
  }

  /** Hands a task over; returns whether it is new. */
  boolean give(HeldTasks.Held held, TaskWork work) {
    RoundTask task = held.task();
    TaskKey key = TaskKey.of(task);
    synchronized (lock) {
      Optional<Given> sooner = Optional.ofNullable(waiting.get(task.study()));
      if (given(task).isPresent() || closed) {
        return false;
      }
      sooner.ifPresent(Bench::stop);
      Optional.ofNullable(resting.remove(task.study())).ifPresent(Bench::stop);
      inWork
          .filter(g -> g.key().study().equals(task.study()))
          .filter(g -> besides || !g.work().carriage().outlives(task))
          .ifPresent(Bench::stop);
      Halt halt = new Halt();
      ScheduledFuture<?> deadline =
          timer.schedule(halt::halt, work.carriage().patience().toMillis(), TimeUnit.MILLISECONDS);
      waiting.put(task.study(), new Given(held, key, work, halt, deadline));
      lock.notifyAll();
      return true;
    }
  }

  /** Whether a study's training is in work, or rests. */
  boolean trains(StudyId study) {
    synchronized (lock) {
      return Stream.concat(inWork.stream(), resting.values().stream())
          .anyMatch(g -> g.key().study().equals(study) && g.key().kind() == RoundTask.Kind.TRAIN);
    }
  }

  /** Says once more what a task that waits or is in work says first; false if there is none. */
  boolean repeats(RoundTask task) {
    Optional<Given> given = given(task);
    given.ifPresent(g -> g.work().announce());
    synchronized (lock) {
      askedAgain |= given.isPresent() && given.equals(inWork);
    }
    return given.isPresent();
  }

  /**
   * This very task, if it waits or is in work. One that was done and trains the site's own models
   * now is neither: if it is asked for again, the coordinator has lost what it got.
   */
  private Optional<Given> given(RoundTask task) {
    synchronized (lock) {
      return Optional.ofNullable(waiting.get(task.study()))
          .or(() -> besides ? Optional.empty() : inWork)
          .filter(g -> g.key().equals(TaskKey.of(task)));
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
      TaskWork.Ending ending = work(next.get());
      synchronized (lock) {
        inWork = Optional.empty();
        // A late one that is asked for again: its round lost another's update and is open.
        if (ending == TaskWork.Ending.CANCELLED || (ending == TaskWork.Ending.LATE && askedAgain)) {
          rest(next.get());
        }
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
      resting.values().forEach(Bench::stop);
      resting.clear();
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
      askedAgain = false;
      return inWork;
    }
  }

  /** Lets a task lie that nobody stopped, unless there is another one of its study. */
  private void rest(Given given) {
    StudyId study = given.key().study();
    if (closed || given.halt().halted() || waiting.containsKey(study)) {
      stop(given);
      return;
    }
    Optional<Rest> before =
        Optional.ofNullable(rests.get(study)).filter(r -> r.key().equals(given.key()));
    Rest rest = before.orElse(new Rest(given.key(), FIRST_REST));
    rests.put(study, rest.longer());
    resting.put(study, given);
    ScheduledFuture<?> _ =
        timer.schedule(() -> wake(study, given), rest.pause().toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Whether it may still be done, and is wanted, is looked at as if it had just come. */
  private void wake(StudyId study, Given rested) {
    boolean wanted;
    synchronized (lock) {
      wanted = resting.remove(study, rested) && !closed && !rested.halt().halted();
      stop(rested);
    }
    if (wanted) {
      again.accept(rested.held());
    }
  }

  private TaskWork.Ending work(Given given) {
    Instant start = tools.clock().instant();
    TaskWork.Ending ending = tried(given);
    if (ending != TaskWork.Ending.CANCELLED) {
      var _ = given.deadline().cancel(false);
    }
    tools
        .metrics()
        .task(
            given.key().study().value(),
            given.key().kind() == RoundTask.Kind.TRAIN ? "train" : "validate",
            ending.word(),
            Duration.between(start, tools.clock().instant()));
    return ending;
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
