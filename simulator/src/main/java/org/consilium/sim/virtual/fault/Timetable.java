package org.consilium.sim.virtual.fault;

import java.time.Duration;
import java.util.PriorityQueue;

/**
 * Virtual time: what is to happen, in order. Nothing waits; time jumps to the next event. Events of
 * one instant happen in the order in which they were entered.
 */
public final class Timetable {
  private final PriorityQueue<Event> events = new PriorityQueue<>();
  private long now;
  private long entered;

  private record Event(long nanos, long order, Runnable action) implements Comparable<Event> {
    @Override
    public int compareTo(Event other) {
      int byTime = Long.compare(nanos, other.nanos);
      return byTime != 0 ? byTime : Long.compare(order, other.order);
    }
  }

  /** Nanoseconds since the run began. */
  public long nanos() {
    return now;
  }

  /** Enters something that is to happen after a while. */
  public void after(Duration while_, Runnable action) {
    boolean _ = events.add(new Event(now + while_.toNanos(), entered++, action));
  }

  /** Lets the next thing happen; false when nothing is left. */
  public boolean next() {
    Event event = events.poll();
    if (event == null) {
      return false;
    }
    now = event.nanos();
    event.action().run();
    return true;
  }
}
