package org.consilium.sim.virtual;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import org.consilium.protocol.ModelVersion;
import org.consilium.sim.virtual.fault.Fault;
import org.consilium.sim.virtual.fault.FaultPlan;
import org.consilium.sim.virtual.fault.Timetable;
import org.consilium.sim.virtual.history.History;
import org.consilium.sim.virtual.history.Violation;
import org.consilium.sim.virtual.part.Consortium;
import org.consilium.sim.virtual.part.World;

/**
 * Runs whole studies of one coordinator and some sites in the caller's thread: virtual time, a
 * virtual network, virtual disks, and the faults that a seed decides. The same shape and seed are
 * the same run. Safe for use by many threads: each run is one thread's.
 */
public final class ConsortiumSim {
  private final Map<Shape, World> worlds = new ConcurrentHashMap<>();

  /**
   * How a run ended.
   *
   * @param violations invariants that did not hold, in order
   * @param published rounds that made a version
   * @param carried late updates that counted in a later round
   * @param last the last version
   * @param faults how often each struck
   * @param seconds of virtual time
   * @param events that the history has
   * @param story a number of the whole history
   * @param lines the history, when it was wanted
   */
  public record Outcome(
      Shape shape,
      long seed,
      List<Violation> violations,
      long published,
      long carried,
      Optional<ModelVersion> last,
      Map<Fault, Integer> faults,
      double seconds,
      long events,
      long story,
      List<String> lines) {
    /** Copies the lists. */
    public Outcome {
      violations = List.copyOf(violations);
      faults = Map.copyOf(faults);
      lines = List.copyOf(lines);
    }

    /** Whether every invariant held. */
    public boolean fine() {
      return violations.isEmpty();
    }
  }

  /** A run with the faults of a seed. */
  public Outcome run(Shape shape, long seed, boolean told) {
    return run(shape, seed, told, new FaultPlan(seed), Weakness.NONE);
  }

  /** The same of a product that is broken on purpose, to see that it is found. */
  public Outcome run(Shape shape, long seed, Weakness weakness) {
    return run(shape, seed, true, new FaultPlan(seed), weakness);
  }

  /**
   * A run with these kinds of fault alone.
   *
   * @param factor how much more often than usual
   */
  public Outcome run(Shape shape, long seed, Set<Fault> kinds, double factor) {
    return run(shape, seed, true, FaultPlan.only(seed, kinds, factor), Weakness.NONE);
  }

  /** A run in which nothing goes wrong. */
  public Outcome undisturbed(Shape shape, long seed) {
    return run(shape, seed, true, FaultPlan.none(), Weakness.NONE);
  }

  private Outcome run(Shape shape, long seed, boolean told, FaultPlan faults, Weakness weakness) {
    World world = worlds.computeIfAbsent(shape, World::of);
    Timetable time = new Timetable();
    History history = new History(time, told);
    Consortium consortium =
        Consortium.of(world, time, faults, history, new SplittableRandom(seed), weakness);
    consortium.run();
    return new Outcome(
        shape,
        seed,
        history.violations(),
        consortium.published(),
        consortium.carried(),
        consortium.last(),
        faults.counts(),
        time.nanos() / 1e9,
        history.count(),
        history.sum(),
        history.lines());
  }
}
