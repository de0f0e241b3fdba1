package org.consilium.coordinator.round;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.consilium.coordinator.aggregate.RoundBroken;
import org.consilium.coordinator.journal.Journal;
import org.consilium.coordinator.journal.JournalConflict;
import org.consilium.coordinator.journal.JournalEntry;
import org.consilium.coordinator.round.MaskEvent.Kind;
import org.consilium.coordinator.round.MaskEvent.MaskPhaseClosed;
import org.consilium.coordinator.round.RoundEvent.DeadlinePassed;
import org.consilium.coordinator.round.RoundEvent.SiteRemoved;
import org.consilium.coordinator.round.RoundEvent.ValidationClosed;
import org.consilium.coordinator.round.RoundEvent.WindowClosed;
import org.consilium.coordinator.round.RoundState.Abandoned;
import org.consilium.coordinator.round.RoundState.Aggregating;
import org.consilium.coordinator.round.RoundState.Closed;
import org.consilium.coordinator.round.RoundState.Collecting;
import org.consilium.coordinator.round.RoundState.Unmasking;
import org.consilium.coordinator.round.RoundState.Validating;
import org.consilium.coordinator.round.RoundState.Watched;
import org.consilium.coordinator.round.RoundState.Watching;
import org.consilium.coordinator.round.StudyEvent.Created;
import org.consilium.coordinator.round.StudyEvent.Ended;
import org.consilium.coordinator.round.StudyEvent.InRound;
import org.consilium.coordinator.round.StudyEvent.Member;
import org.consilium.coordinator.round.StudyEvent.RoundOpened;
import org.consilium.coordinator.round.StudyEvent.WindowOpened;
import org.consilium.protocol.StudyId;

/**
 * Runs one study: the only thread that changes its state. Each change is journaled, then applied,
 * then acted upon; whatever instant the process ends at, opening again goes on with the same phase
 * of the same round. Others ask it through a bounded queue and read {@link #state}.
 */
public final class RoundLoop implements AutoCloseable {
  /** Requests that may wait; sites repeat theirs, so a full queue only slows them. */
  private static final int QUEUE = 1024;

  /** How long a caller waits for the loop, which may be aggregating a large model. */
  private static final Duration PATIENCE = Duration.ofMinutes(30);

  /** How often deadlines and presence are looked at. */
  private static final Duration TICK = Duration.ofMillis(100);

  /** Pause after a disk that failed. */
  private static final Duration RETRY = Duration.ofSeconds(10);

  /** Longest wait for validation reports; the study goes on without late ones. */
  static final Duration VALIDATION_MAX = Duration.ofMinutes(5);

  private final String stream;
  private final Journal journal;
  private final RoundEffects effects;
  private final Clocks clocks;
  private final Timers timers;
  private final BlockingQueue<FutureTask<Reply>> queue = new ArrayBlockingQueue<>(QUEUE);
  private final Thread thread;
  private volatile StudyState state;
  private volatile String waiting = "";
  private volatile boolean open = true;
  private long notBeforeNanos = Long.MIN_VALUE;

  private RoundLoop(
      StudyId study, Journal journal, RoundEffects effects, Clocks clocks, StudyState state) {
    this.stream = stream(study);
    this.journal = journal;
    this.effects = effects;
    this.clocks = clocks;
    this.timers = new Timers(clocks);
    this.state = state;
    this.thread = Thread.ofPlatform().name("study-" + study).unstarted(this::run);
  }

  /** The journal stream of a study. */
  public static String stream(StudyId study) {
    return "study:" + study;
  }

  /** A request, run by the loop's thread. */
  @FunctionalInterface
  public interface Request {
    Reply answer() throws JournalConflict, IOException;
  }

  /** Journals a new study. */
  public static RoundLoop create(
      Created created, Journal journal, RoundEffects effects, Clocks clocks)
      throws JournalConflict, IOException {
    StudyId study = created.plan().study();
    List<JournalEntry> _ = journal.append(List.of(EventKey.entry(stream(study), created, 0, 0)));
    RoundLoop loop = new RoundLoop(study, journal, effects, clocks, StudyMachine.open(created));
    effects.applied(Optional.empty(), created, loop.state);
    return loop;
  }

  /** The state that a study's journal makes, if it has one. */
  public static Optional<StudyState> replay(StudyId study, Journal journal) throws IOException {
    return Retelling.of(study, journal, (_, _) -> {});
  }

  /** Goes on where a journal ends. */
  public static RoundLoop resume(
      StudyState state, Journal journal, RoundEffects effects, Clocks clocks) {
    RoundLoop loop = new RoundLoop(state.plan().study(), journal, effects, clocks, state);
    loop.timers.resume(state);
    return loop;
  }

  /** Starts the thread. */
  public void start() {
    thread.start();
  }

  /** Where the study stands; never older than the last reply. */
  public StudyState state() {
    return state;
  }

  /** What the study waits for, for people; empty when it does not. */
  public String waiting() {
    return waiting;
  }

  /** Time left until late work no longer counts. */
  public Duration remaining() {
    return timers.remaining();
  }

  /** Whether the loop still runs; after a failure of the journal it does not. */
  public boolean running() {
    return open;
  }

  /**
   * Has the loop's thread answer a request.
   *
   * @throws IOException if the loop stopped or is too busy; nothing is known to have changed
   */
  public Reply ask(Request request) throws IOException {
    FutureTask<Reply> task = new FutureTask<>(request::answer);
    try {
      if (!open || !taken(task)) {
        throw new IOException("%s: %s".formatted(stream, open ? "too busy" : "stopped"));
      }
      boolean _ = !open && task.cancel(false);
      return task.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      throw new IOException(stream + ": interrupted", stopped);
    } catch (ExecutionException failed) {
      Throwable why = Objects.requireNonNullElse(failed.getCause(), failed);
      throw new IOException(stream + ": " + why.getMessage(), failed);
    } catch (CancellationException | TimeoutException late) {
      throw new IOException("%s: stopped, or busy for too long".formatted(stream), late);
    }
  }

  /** Hands a request to the loop's thread; while there is none, whoever asks is that thread. */
  private boolean taken(FutureTask<Reply> task) throws InterruptedException {
    if (thread.getState() == Thread.State.NEW) {
      task.run();
      return true;
    }
    return queue.offer(task, 10, TimeUnit.SECONDS);
  }

  /**
   * Goes as far as it can without waiting, on the caller's thread: for a loop that is not started,
   * and whose one caller stands for its thread. A failure stops the loop as it would its thread.
   */
  public void advance() {
    try {
      while (open && step()) {
        // the next one
      }
    } catch (JournalConflict | IOException | RuntimeException failed) {
      halt(failed);
    }
  }

  /** Journals and applies an event; for requests, on the loop's thread. */
  public Reply.Done record(StudyEvent event) throws JournalConflict, IOException {
    StudyState before = state;
    StudyState after = StudyMachine.next(before, event);
    try {
      List<JournalEntry> _ =
          journal.append(List.of(EventKey.entry(stream, event, before.events(), losses(before))));
    } catch (JournalConflict | IOException lost) {
      halt(lost);
      throw lost;
    }
    JournaledPoints.reach(event, after);
    timers.move(before, event.at(), after);
    state = after;
    waiting = "";
    effects.applied(Optional.of(before), event, after);
    return new Reply.Done(false);
  }

  /** Time of day, as events carry it: whole milliseconds. */
  public Instant now() {
    return Instant.ofEpochMilli(clocks.wall().millis());
  }

  /** Ends the thread after the step in progress. */
  @Override
  public void close() {
    open = false;
    if (thread.isAlive() && thread != Thread.currentThread()) {
      try {
        boolean ended = thread.join(PATIENCE);
        if (!ended) {
          throw new IllegalStateException(stream + ": a step did not end in time");
        }
      } catch (InterruptedException stopped) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void run() {
    try {
      while (open) {
        FutureTask<Reply> task = queue.poll(TICK.toMillis(), TimeUnit.MILLISECONDS);
        if (task != null) {
          task.run();
        }
        while (open && step()) {
          // as far as it goes without waiting
        }
      }
    } catch (JournalConflict | IOException | RuntimeException failed) {
      halt(failed);
    } catch (InterruptedException stopped) {
      open = false;
    } finally {
      halt(new IllegalStateException("its thread was ended by an error")); // if nothing else has
      List<FutureTask<Reply>> rest = new ArrayList<>();
      queue.drainTo(rest);
      rest.forEach(task -> task.cancel(false));
    }
  }

  private void halt(Exception cause) {
    if (open) {
      open = false;
      effects.stopped(cause);
    }
  }

  /** Takes one step that needs no request; false when there is none to take now. */
  boolean step() throws JournalConflict, IOException {
    if (clocks.nanos().getAsLong() < notBeforeNanos) {
      return false;
    }
    Optional<RoundState> current = state.current();
    if (current.isEmpty()) {
      return switch (state.stage()) {
        case RUNNING -> openRound();
        case MONITORING -> openWindow();
        case AWAITING, PAUSED, COMPLETED, FAILED -> false;
      };
    }
    Optional<RoundEvent> left = removed(current.get()).or(() -> closed(current.get()));
    if (left.isPresent()) {
      record(new InRound(left.get()));
      return true;
    }
    return switch (current.get()) {
      case Collecting c when timers.setupDue(c) -> {
        Kind late = c.masking().phase() == Masking.Phase.KEYS ? Kind.KEYS : Kind.PARCELS;
        record(new InRound(new MaskPhaseClosed(now(), c.place(), late)));
        yield true;
      }
      case Unmasking u when timers.due() -> {
        record(new InRound(new DeadlinePassed(now(), u.place())));
        yield true;
      }
      case Collecting c when timers.due() -> {
        record(new InRound(new DeadlinePassed(now(), c.place())));
        yield true;
      }
      case Aggregating a -> aggregate(a);
      case Validating v when timers.due() || nobodyLeft(v) -> {
        record(new InRound(new ValidationClosed(now(), v.opening().number())));
        yield true;
      }
      case Watching w when timers.due() -> {
        record(new InRound(new WindowClosed(now(), w.window())));
        yield true;
      }
      case Collecting _, Unmasking _, Validating _, Watching _ -> false;
      case Closed _, Abandoned _, Watched _ ->
          throw new IllegalStateException("a round that is over is still current");
    };
  }

  /** A member that was shut out and still counts. */
  private Optional<RoundEvent> removed(RoundState round) {
    return round.counting().stream()
        .filter(m -> !effects.enrolled(m))
        .findFirst()
        .map(m -> new SiteRemoved(now(), round.start().orElseThrow().place(), m.site()));
  }

  private Optional<RoundEvent> closed(RoundState round) {
    return round instanceof Collecting c
        ? Closings.next(c, effects::closed, now()).map(RoundEvent.class::cast)
        : Optional.empty();
  }

  private boolean nobodyLeft(Validating v) {
    return v.opening().members().stream()
        .noneMatch(m -> v.awaits(m.site()) && effects.enrolled(m) && effects.present(m.site()));
  }

  private boolean openRound() throws JournalConflict, IOException {
    return switch (effects.opportunity(state)) {
      case RoundEffects.NotNow(String why) -> {
        waiting = why;
        yield false;
      }
      case RoundEffects.Ready(List<Member> members, List<Integer> exponents) -> {
        Instant at = now();
        var participation = state.plan().participation();
        record(
            new RoundOpened(
                new Opening(
                    state.roundsOver() + 1,
                    state.nextAttempt(),
                    state.latest().model(),
                    members,
                    participation.quorum(),
                    members.stream().mapToInt(Member::samples).max().orElseThrow(),
                    exponents,
                    at,
                    at.plus(participation.deadline()),
                    Opening.threshold(state.plan(), members.size()))));
        yield true;
      }
    };
  }

  private boolean openWindow() throws JournalConflict, IOException {
    if (state.windowsClosed() >= state.plan().monitoring().windows()) {
      record(new Ended(now(), true, ""));
      return true;
    }
    var sites = effects.watchable(state);
    if (sites.isEmpty()) {
      waiting = "waiting for sites: none that agreed is present";
      return false;
    }
    Instant at = now();
    record(
        new WindowOpened(
            at,
            state.windowsClosed() + 1,
            state.released().model(),
            sites,
            at.plus(state.plan().participation().deadline())));
    return true;
  }

  private boolean aggregate(Aggregating a) throws JournalConflict, IOException {
    RoundEffects.Made made;
    try {
      made = effects.make(state, a);
    } catch (RoundBroken broken) {
      record(new InRound(Breaks.event(a, broken, now(), state.plan())));
      return true;
    } catch (IOException disk) {
      waiting = "trying again soon: " + disk.getMessage();
      notBeforeNanos = clocks.nanos().getAsLong() + RETRY.toNanos();
      return false;
    }
    Instant at = now();
    Duration deadline = state.plan().participation().deadline();
    Duration wait = deadline.compareTo(VALIDATION_MAX) < 0 ? deadline : VALIDATION_MAX;
    record(new InRound(made.published(at, a.place(), at.plus(wait))));
    return true;
  }

  private static int losses(StudyState state) {
    return state.current().orElse(null) instanceof Collecting c ? c.losses() : 0;
  }
}
