package org.consilium.sim.virtual;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.consilium.sim.virtual.ConsortiumSim.Outcome;
import org.consilium.sim.virtual.fault.Fault;
import org.consilium.sim.virtual.history.Invariant;
import org.consilium.sim.virtual.history.Violation;

/**
 * Runs many seeds, each in one thread, several side by side; keeps counts and the first failures,
 * so that a million seeds take no more memory than one.
 */
public final class SeedSweep {
  private static final int FAILURES_KEPT = 20;
  private static final Logger PRODUCT = Logger.getLogger("org.consilium");

  private final ConsortiumSim sim = new ConsortiumSim();
  private final Shapes shapes;
  private final LongSupplier nanos;

  /**
   * Over the runs of some shapes.
   *
   * @param nanos monotonic time, for the rate
   */
  public SeedSweep(Shapes shapes, LongSupplier nanos) {
    this.shapes = shapes;
    this.nanos = nanos;
  }

  /** A seed whose run broke an invariant. */
  public record Failure(long seed, Shape shape, List<Violation> violations) {
    /** Copies the list. */
    public Failure {
      violations = List.copyOf(violations);
    }
  }

  /**
   * What came of all seeds.
   *
   * @param failed how many seeds broke an invariant
   * @param failures the first ones, by seed
   * @param rounds that made a version
   * @param carried late updates that counted in a later round
   * @param faults how often each struck
   * @param virtualSeconds of all runs together
   * @param seconds of the clock on the wall
   */
  public record Summary(
      long seeds,
      long masked,
      long failed,
      List<Failure> failures,
      long rounds,
      long carried,
      Map<Fault, Long> faults,
      double virtualSeconds,
      double seconds) {
    /** Copies the lists. */
    public Summary {
      failures = List.copyOf(failures);
      faults = Map.copyOf(faults);
    }

    /** Runs a second. */
    public double rate() {
      return seconds > 0 ? seeds / seconds : 0;
    }
  }

  private static final class Counts {
    private final Map<Fault, Long> faults = new EnumMap<>(Fault.class);
    private final List<Failure> failures = new ArrayList<>();
    private long done;
    private long failed;
    private long masked;
    private long rounds;
    private long carried;
    private double virtualSeconds;

    synchronized void add(Outcome outcome) {
      outcome.faults().forEach((fault, n) -> faults.merge(fault, (long) n, Long::sum));
      done++;
      rounds += outcome.published();
      carried += outcome.carried();
      masked += outcome.shape().mode() == Shape.Mode.MASKED ? 1 : 0;
      virtualSeconds += outcome.seconds();
      if (!outcome.fine()) {
        failed++;
        failures.add(new Failure(outcome.seed(), outcome.shape(), outcome.violations()));
        failures.sort((a, b) -> Long.compare(a.seed(), b.seed()));
        if (failures.size() > FAILURES_KEPT) {
          Failure _ = failures.removeLast();
        }
      }
    }
  }

  /** One seed, with its story. */
  public Outcome told(long seed) {
    return quietly(() -> one(seed, true));
  }

  /**
   * Runs seeds {@code first} to {@code first + seeds - 1}, or as many of them, from the first on,
   * as begin within the time.
   *
   * @param threads runs side by side
   * @param most time in which runs begin
   */
  public Summary run(long first, long seeds, int threads, Duration most) {
    return quietly(() -> swept(first, seeds, threads, most));
  }

  private Summary swept(long first, long seeds, int threads, Duration most) {
    long began = nanos.getAsLong();
    Counts counts = new Counts();
    AtomicLong next = new AtomicLong(first);
    List<Future<?>> running = new ArrayList<>();
    try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
      for (int i = 0; i < threads; i++) {
        running.add(
            pool.submit(
                () -> {
                  while (nanos.getAsLong() - began < most.toNanos()) {
                    long seed = next.getAndIncrement();
                    if (seed >= first + seeds) {
                      return;
                    }
                    counts.add(one(seed, false));
                  }
                }));
      }
    }
    running.forEach(SeedSweep::finished);
    return new Summary(
        counts.done,
        counts.masked,
        counts.failed,
        counts.failures,
        counts.rounds,
        counts.carried,
        counts.faults,
        counts.virtualSeconds,
        (nanos.getAsLong() - began) / 1e9);
  }

  /** A run that could not even be run is a failure of its seed. */
  private Outcome one(long seed, boolean told) {
    Shape shape = shapes.of(seed);
    try {
      return sim.run(shape, seed, told);
    } catch (RuntimeException | Error broken) {
      Violation bug =
          new Violation(
              Invariant.BUG,
              "the run broke off: %s at %s"
                  .formatted(
                      broken, broken.getStackTrace().length > 0 ? broken.getStackTrace()[0] : "?"));
      return new Outcome(
          shape,
          seed,
          List.of(bug),
          0,
          0,
          java.util.Optional.empty(),
          Map.of(),
          0,
          0,
          0,
          List.of());
    }
  }

  /** What the product logs of its faults is in each run's story, and too much for a console. */
  private static <T> T quietly(java.util.function.Supplier<T> run) {
    Level before = PRODUCT.getLevel();
    PRODUCT.setLevel(Level.OFF);
    try {
      return run.get();
    } finally {
      PRODUCT.setLevel(before);
    }
  }

  private static void finished(Future<?> worker) {
    try {
      var _ = worker.get();
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("simulate: interrupted", stopped);
    } catch (ExecutionException failed) {
      throw new IllegalStateException("simulate", failed.getCause());
    }
  }
}
