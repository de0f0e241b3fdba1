package org.consilium.sim.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Keeps child processes running: one virtual thread waits for each and starts it again at once when
 * it dies, whoever killed it. Closing stops all of them, gently first.
 */
public final class Supervisor implements AutoCloseable {
  /** A child that ends this soon after its start, this many times running, is broken. */
  private static final Duration SHORT_LIFE = Duration.ofSeconds(2);

  private static final int SHORT_LIVES_MAX = 5;

  /** 128 + SIGKILL. */
  private static final int KILLED = 137;

  private static final int STARTS_MAX = 1000;
  private static final Duration GENTLE_STOP_MAX = Duration.ofSeconds(4);
  private static final Duration SIGNAL_MAX = Duration.ofSeconds(5);
  private static final int TAIL_LINES = 8;

  private final InstantSource clock;
  private final Duration gentleStopMax;
  private final Consumer<ProcessEvent> events;
  private final Map<String, Watched> children = new ConcurrentHashMap<>();
  private final ConcurrentLinkedQueue<Life> lives = new ConcurrentLinkedQueue<>();
  private final CountDownLatch stopped = new CountDownLatch(1);
  private volatile boolean stopping;

  /**
   * One run of a process.
   *
   * @param peakRssKib largest resident memory seen; empty where the system does not tell
   * @param ended empty while it runs
   */
  public record Life(
      String role,
      String name,
      long pid,
      Instant started,
      Optional<Instant> ended,
      OptionalLong peakRssKib) {}

  /**
   * @param events told of everything, on the watching thread
   */
  public Supervisor(InstantSource clock, Consumer<ProcessEvent> events) {
    this(clock, GENTLE_STOP_MAX, events);
  }

  /**
   * @param gentleStopMax how long a child that was told to end may take, before it is killed
   * @param events told of everything, on the watching thread
   */
  public Supervisor(InstantSource clock, Duration gentleStopMax, Consumer<ProcessEvent> events) {
    this.clock = clock;
    this.gentleStopMax = gentleStopMax;
    this.events = events;
    Thread.ofVirtual().name("peak-memory").start(this::sample);
  }

  /**
   * Starts a child and keeps it running.
   *
   * @throws IOException if its first start fails
   */
  public void start(Child child) throws IOException {
    if (children.containsKey(child.name())) {
      throw new IllegalArgumentException("child runs already: " + child.name());
    }
    launch(child);
  }

  /**
   * Starts a child again that was stopped, killed for good or given up; one that is kept running is
   * left alone.
   *
   * @throws IOException if it does not start
   */
  public void startAgain(String name) throws IOException {
    Watched ended = children.get(name);
    if (ended == null) {
      throw new IllegalArgumentException("no such child: " + name);
    }
    if (ended.over || ended.failure.isPresent()) {
      var _ = ended.process.onExit().join(); // it was told to
      launch(ended.child);
    }
  }

  private void launch(Child child) throws IOException {
    Watched watched = new Watched(child);
    children.put(child.name(), watched);
    watched.thread = Thread.ofVirtual().name("watch-" + child.name()).start(watched::watch);
  }

  /** The process id of a running child. */
  public OptionalLong pid(String name) {
    Watched watched = children.get(name);
    return watched != null && watched.process.isAlive()
        ? OptionalLong.of(watched.process.pid())
        : OptionalLong.empty();
  }

  /**
   * SIGKILL. The child is started again if it is one that is.
   *
   * @return the process that was hit, or nothing if none ran
   */
  public OptionalLong kill(String name, String why) {
    OptionalLong pid = pid(name);
    Watched watched = children.get(name);
    if (watched != null && pid.isPresent()) {
      events.accept(new ProcessEvent.Killed(name, clock.instant(), pid.getAsLong(), why));
      watched.process.destroyForcibly();
    }
    return pid;
  }

  /** SIGKILL, and the child stays dead. */
  public void killForGood(String name, String why) {
    Watched watched = children.get(name);
    if (watched != null) {
      synchronized (watched) { // or a new one is started in between
        watched.over = true;
        kill(name, why);
      }
    }
  }

  /**
   * Sends a signal by name, STOP or CONT, to a running child.
   *
   * @throws IOException if there is no {@code kill} program
   */
  public void signal(String name, String signal) throws IOException {
    OptionalLong pid = pid(name);
    if (pid.isPresent()) {
      Process sent =
          new ProcessBuilder("kill", "-" + signal, Long.toString(pid.getAsLong())).start();
      try {
        boolean _ = sent.waitFor(SIGNAL_MAX.toMillis(), TimeUnit.MILLISECONDS);
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Every run of every child so far, in order of start. */
  public List<Life> lives() {
    children.values().forEach(Watched::note);
    return lives.stream().sorted((a, b) -> a.started().compareTo(b.started())).toList();
  }

  /** From now on the children are stopped when this process is told to end. */
  public void stopWithThisProcess() {
    Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(this::close));
  }

  /** Why a child was given up, if one was. */
  public Optional<String> failure() {
    return children.values().stream().flatMap(w -> w.failure.stream()).findFirst();
  }

  /** Stops some children at the same time, gently first; they stay ended. */
  public void stop(List<String> names) {
    List<Watched> some = names.stream().map(children::get).filter(Objects::nonNull).toList();
    for (Watched watched : some) {
      synchronized (watched) {
        watched.over = true;
        watched.process.destroy();
      }
    }
    some.forEach(Watched::stop);
  }

  @Override
  public void close() {
    if (stopping) {
      return;
    }
    stopping = true;
    stopped.countDown();
    for (Watched watched : children.values()) {
      synchronized (watched) {
        watched.process.destroy();
      }
    }
    children.values().forEach(Watched::stop);
  }

  private void sample() {
    try {
      do {
        children.values().forEach(Watched::note);
      } while (!stopped.await(1, TimeUnit.SECONDS));
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private static String tail(Path log) {
    try {
      List<String> lines =
          new String(Files.readAllBytes(log), StandardCharsets.UTF_8).lines().toList();
      return String.join("\n", lines.subList(Math.max(0, lines.size() - TAIL_LINES), lines.size()));
    } catch (IOException unreadable) {
      return "(no output)";
    }
  }

  /** A child, its present process and what became of it. */
  private final class Watched {
    private final Child child;
    private volatile Process process;
    private volatile Instant started;
    private volatile OptionalLong peak = OptionalLong.empty();
    private volatile boolean over;
    private volatile Optional<String> failure = Optional.empty();
    private volatile Thread thread = Thread.currentThread();
    private int starts;
    private int shortLives;

    Watched(Child child) throws IOException {
      this.child = child;
      started = clock.instant();
      process = spawn();
      told();
    }

    private Process spawn() throws IOException {
      ProcessBuilder builder = new ProcessBuilder(child.command().get());
      builder.environment().putAll(child.environment());
      builder.redirectErrorStream(true);
      builder.redirectOutput(ProcessBuilder.Redirect.appendTo(child.log().toFile()));
      Process fresh = builder.start();
      fresh.getOutputStream().close();
      return fresh;
    }

    private void relaunch() throws IOException {
      peak = OptionalLong.empty();
      started = clock.instant();
      process = spawn();
      told();
    }

    private void told() {
      starts++;
      events.accept(new ProcessEvent.Started(child.name(), started, process.pid(), starts));
    }

    void watch() {
      try {
        while (true) {
          int code = process.waitFor();
          Instant now = clock.instant();
          retire(now);
          events.accept(new ProcessEvent.Ended(child.name(), now, process.pid(), code));
          // One that was killed is not broken by itself.
          boolean shortLife =
              code != KILLED && Duration.between(started, now).compareTo(SHORT_LIFE) < 0;
          shortLives = shortLife ? shortLives + 1 : 0;
          if (stopping || over || !child.restarted()) {
            return;
          }
          if (shortLives >= SHORT_LIVES_MAX || starts >= STARTS_MAX) {
            giveUp(
                "%s ended with code %d after %d starts; its last output:%n%s"
                    .formatted(child.name(), code, starts, tail(child.log())));
            return;
          }
          synchronized (this) {
            if (stopping || over) {
              return;
            }
            relaunch();
          }
        }
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      } catch (IOException | RuntimeException broken) {
        giveUp("start %s again: %s".formatted(child.name(), broken.getMessage()));
      }
    }

    private void giveUp(String why) {
      failure = Optional.of(why);
      events.accept(new ProcessEvent.GivenUp(child.name(), clock.instant(), why));
    }

    /** Reads the peak while the process is there to be asked. */
    void note() {
      OptionalLong seen = PeakMemory.kib(process.pid());
      if (seen.isPresent() && process.isAlive()) {
        peak = seen;
        lives.removeIf(life -> life.pid() == process.pid());
        lives.add(life(Optional.empty()));
      }
    }

    private void retire(Instant now) {
      lives.removeIf(life -> life.pid() == process.pid());
      lives.add(life(Optional.of(now)));
    }

    private Life life(Optional<Instant> ended) {
      return new Life(child.role(), child.name(), process.pid(), started, ended, peak);
    }

    void stop() {
      try {
        note();
        signal(child.name(), "CONT");
        process.destroy();
        if (!process.waitFor(gentleStopMax.toMillis(), TimeUnit.MILLISECONDS)) {
          process.destroyForcibly();
        }
        thread.join(gentleStopMax.toMillis());
      } catch (IOException noSignals) {
        process.destroyForcibly();
      } catch (InterruptedException _) {
        process.destroyForcibly();
        Thread.currentThread().interrupt();
      }
    }
  }
}
