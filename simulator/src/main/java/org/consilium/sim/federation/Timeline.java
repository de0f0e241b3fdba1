package org.consilium.sim.federation;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.consilium.sim.process.ProcessEvent;
import org.consilium.sim.report.DemoReport.Event;

/** What happened when, in seconds since the start; told to the screen as it happens. */
public final class Timeline {
  private final Instant start;
  private final InstantSource clock;
  private final Screen screen;
  private final List<Event> events = new CopyOnWriteArrayList<>();
  private final Set<Long> killed = ConcurrentHashMap.newKeySet();
  private volatile boolean closing;

  /** Begins now. */
  public Timeline(InstantSource clock, Screen screen) {
    this.clock = clock;
    this.start = clock.instant();
    this.screen = screen;
  }

  /** Notes an event. */
  public void add(String kind, String subject, String text) {
    Event event = new Event(seconds(clock.instant()), kind, subject, text);
    events.add(event);
    screen.event(event);
  }

  /** Notes what becomes of a process. */
  public void process(ProcessEvent event) {
    switch (event) {
      case ProcessEvent.Started(String name, _, long pid, int times) -> {
        String words = "process %d".formatted(pid);
        add(times == 1 ? "start" : "restart", name, words);
      }
      case ProcessEvent.Killed(String name, _, long pid, String why) -> {
        killed.add(pid);
        add("kill", name, "process %d: SIGKILL, %s".formatted(pid, why));
      }
      case ProcessEvent.Ended(String name, _, long pid, int code) -> {
        if (!closing && killed.add(pid)) {
          String words = "process %d ended with code %d".formatted(pid, code);
          add(code == 137 ? "kill" : "end", name, words + ", not by us");
        }
      }
      case ProcessEvent.GivenUp(String name, _, String why) -> add("failure", name, why);
    }
  }

  /** From now on the end of a process is no event. */
  public void closing() {
    closing = true;
  }

  /** Whether a process was killed. */
  public boolean wasKilled(long pid) {
    return killed.contains(pid);
  }

  /** Seconds from the start to a moment. */
  public double seconds(Instant at) {
    return Duration.between(start, at).toMillis() / 1000.0;
  }

  /** Seconds since the start. */
  public double now() {
    return seconds(clock.instant());
  }

  /** All events in order. */
  public List<Event> events() {
    return List.copyOf(events);
  }
}
