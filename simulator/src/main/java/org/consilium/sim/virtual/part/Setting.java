package org.consilium.sim.virtual.part;

import java.time.Duration;
import java.util.SplittableRandom;
import org.consilium.sim.virtual.Weakness;
import org.consilium.sim.virtual.fault.FaultPlan;
import org.consilium.sim.virtual.fault.Timetable;
import org.consilium.sim.virtual.history.Checker;
import org.consilium.sim.virtual.history.History;
import org.consilium.sim.virtual.history.Reference;

/**
 * What the machines of one run share.
 *
 * @param chance for everything that is no fault: how long steps and messages take
 */
public record Setting(
    World world,
    Timetable time,
    FaultPlan faults,
    History history,
    Checker checker,
    Reference reference,
    SplittableRandom chance,
    Weakness weakness) {

  /** A while between two bounds. */
  Duration between(int fromMillis, int toMillis) {
    return Duration.ofMillis(chance.nextInt(fromMillis, toMillis));
  }
}
