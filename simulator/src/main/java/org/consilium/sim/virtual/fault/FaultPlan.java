package org.consilium.sim.virtual.fault;

import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * Which faults strike in a run: a function of the seed and of the order in which it is asked. Each
 * run has some kinds of fault and not others, and is calm or rough, so that rare orders of events
 * are not drowned by frequent ones (Groce et al. 2012, "Swarm testing"). Nothing strikes after the
 * faults have stopped.
 */
public final class FaultPlan {
  /** Most faults that strike by chance in one run: a run ought to get somewhere between them. */
  private static final int STRIKES_MAX = 120;

  private static final int MILLION = 1_000_000;

  private final SplittableRandom chance;
  private final Set<Fault> enabled = EnumSet.noneOf(Fault.class);
  private final Map<Fault, Integer> counts = new EnumMap<>(Fault.class);
  private final Thread owner = Thread.currentThread();
  private double roughness;
  private int strikes;
  private boolean active;
  private boolean calm;

  /** The plan of a seed. */
  public FaultPlan(long seed) {
    this.chance = new SplittableRandom(seed ^ 0x5DEECE66DL);
    this.roughness =
        switch (chance.nextInt(4)) {
          case 0 -> 0.3;
          case 1, 2 -> 1;
          default -> 3;
        };
    for (Fault fault : Fault.values()) {
      if (chance.nextInt(3) > 0) {
        enabled.add(fault);
      }
    }
  }

  /**
   * A plan of these kinds alone, far more often than a swarm has them.
   *
   * @param factor how much more often
   */
  public static FaultPlan only(long seed, Set<Fault> kinds, double factor) {
    FaultPlan plan = new FaultPlan(seed);
    plan.enabled.clear();
    plan.enabled.addAll(kinds);
    plan.roughness = factor;
    return plan;
  }

  /** The plan without faults. */
  public static FaultPlan none() {
    FaultPlan plan = new FaultPlan(0);
    plan.calm = true;
    return plan;
  }

  /** Whether it strikes here; counted when it does. */
  public boolean strikes(Fault fault) {
    // The aggregation's worker reads beside the run's own thread: its turns are no seed's to
    // decide.
    if (!active
        || Thread.currentThread() != owner
        || strikes >= STRIKES_MAX
        || !enabled.contains(fault)
        || chance.nextInt(MILLION) >= fault.perMillion() * roughness) {
      return false;
    }
    strikes++;
    count(fault);
    return true;
  }

  /** Whether this run has the fault at all: for those that strike at times of their own. */
  public boolean has(Fault fault) {
    return active && enabled.contains(fault);
  }

  /** Notes a fault that struck. */
  public void count(Fault fault) {
    counts.merge(fault, 1, Integer::sum);
  }

  /** From now on things go wrong. */
  public void start() {
    active = !calm;
  }

  /** From now on nothing goes wrong. */
  public void stop() {
    active = false;
  }

  /** Whether faults may still strike. */
  public boolean active() {
    return active;
  }

  /** Chance for how a fault looks: which bit, how long. */
  public SplittableRandom chance() {
    return chance;
  }

  /** How often each struck so far. */
  public Map<Fault, Integer> counts() {
    return new EnumMap<>(counts);
  }
}
