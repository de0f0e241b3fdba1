package org.consilium.sim.virtual.history;

import java.util.ArrayList;
import java.util.List;
import org.consilium.sim.virtual.fault.Timetable;

/**
 * The story of a run, and what was wrong in it. The story is a list of lines when it is wanted, and
 * one number always: equal numbers are equal stories.
 */
public final class History {
  private static final int VIOLATIONS_MAX = 20;

  private final Timetable time;
  private final boolean told;
  private final List<String> lines = new ArrayList<>();
  private final List<Violation> violations = new ArrayList<>();
  private long sum = 17;
  private long count;

  /**
   * Nothing has happened yet.
   *
   * @param told whether the lines are kept
   */
  public History(Timetable time, boolean told) {
    this.time = time;
    this.told = told;
  }

  /** One thing that happened; words and numbers that the seed decides, never a random digest. */
  public void say(String who, String what) {
    sum = 31 * (31 * (31 * sum + Long.hashCode(time.nanos())) + who.hashCode()) + what.hashCode();
    count++;
    if (told) {
      lines.add("%10.3f s  %-12s %s".formatted(time.nanos() / 1e9, who, what));
    }
  }

  /** An invariant does not hold. */
  public void violated(Invariant invariant, String detail) {
    say("checker", invariant + ": " + detail);
    if (violations.size() < VIOLATIONS_MAX) {
      violations.add(new Violation(invariant, detail));
    }
  }

  /** What did not hold, in order. */
  public List<Violation> violations() {
    return List.copyOf(violations);
  }

  /** The story's lines; empty unless they were wanted. */
  public List<String> lines() {
    return List.copyOf(lines);
  }

  /** A number of the whole story. */
  public long sum() {
    return sum;
  }

  /** How many things happened. */
  public long count() {
    return count;
  }
}
