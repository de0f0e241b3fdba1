package org.consilium.sim.virtual.part;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.consilium.sim.virtual.fault.Timetable;

/** A machine's time of day: virtual time, and what somebody set it by. */
final class MachineClock implements InstantSource {
  private final Instant start;
  private final Timetable time;
  private Duration offset = Duration.ZERO;

  MachineClock(Instant start, Timetable time) {
    this.start = start;
    this.time = time;
  }

  @Override
  public Instant instant() {
    return start.plusNanos(time.nanos()).plus(offset);
  }

  void step(Duration by) {
    offset = offset.plus(by);
  }
}
