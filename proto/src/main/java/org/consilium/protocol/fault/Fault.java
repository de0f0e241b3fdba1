package org.consilium.protocol.fault;

import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the one fail-point that is on does, and when. */
final class Fault {
  /** 128 + SIGKILL: what a shell says of a process that was killed. */
  private static final int KILLED = 137;

  private static final int TIMES_MAX = 1_000_000;
  private static final Pattern SYNTAX =
      Pattern.compile(
          "([a-z.-]+):(?:(kill|halt|io-error)|pause=([0-9]{1,4}))(?::([0-9]{1,6})(?:-([0-9]{1,6}))?)?");

  /** Of this process, read once; below what it needs. */
  static final Fault SET = parse(System.getProperty(FailPoint.PROPERTY, ""));

  private final String said;
  private final Optional<Asked> asked;
  private final AtomicInteger times = new AtomicInteger();

  private enum Action {
    KILL,
    HALT,
    PAUSE,
    DISK
  }

  private record Asked(String name, Action action, int seconds, int from, int to) {}

  private Fault(String said, Optional<Asked> asked) {
    this.said = said;
    this.asked = asked;
  }

  /** A property's value; what is not understood asks for nothing. */
  static Fault parse(String said) {
    Matcher matcher = SYNTAX.matcher(said);
    if (!matcher.matches()) {
      return new Fault(said, Optional.empty());
    }
    boolean pause = matcher.group(3) != null;
    Action action =
        switch (pause ? "" : matcher.group(2)) {
          case "kill" -> Action.KILL;
          case "halt" -> Action.HALT;
          case "io-error" -> Action.DISK;
          default -> Action.PAUSE;
        };
    int from = matcher.group(4) == null ? 1 : Integer.parseInt(matcher.group(4));
    int to = matcher.group(5) == null ? from : Integer.parseInt(matcher.group(5));
    int seconds = pause ? Integer.parseInt(matcher.group(3)) : 0;
    return from < 1 || to < from || to > TIMES_MAX
        ? new Fault(said, Optional.empty())
        : new Fault(said, Optional.of(new Asked(matcher.group(1), action, seconds, from, to)));
  }

  /** The property's value; empty when it is not set. */
  String said() {
    return said;
  }

  /** The place that it is about; empty when there is none. */
  String name() {
    return asked.map(Asked::name).orElse("");
  }

  /** Whether it fails as a disk does. */
  boolean ofDisk() {
    return asked.filter(a -> a.action == Action.DISK).isPresent();
  }

  void reached() {
    asked.filter(a -> a.action != Action.DISK && due(a)).ifPresent(this::act);
  }

  void reachedDisk() throws IOException {
    Optional<Asked> due = asked.filter(this::due);
    if (due.isPresent() && due.get().action == Action.DISK) {
      tell();
      throw new IOException("No space left on device (fail-point %s)".formatted(name()));
    }
    due.ifPresent(this::act);
  }

  private boolean due(Asked a) {
    int time = times.incrementAndGet();
    return time >= a.from && time <= a.to;
  }

  private void act(Asked a) {
    tell();
    switch (a.action) {
      case KILL -> kill();
      case HALT -> Runtime.getRuntime().halt(KILLED);
      case PAUSE -> await(a.seconds);
      case DISK -> {}
    }
  }

  private void tell() {
    System.err.println("fail-point reached: " + said);
    System.err.flush();
  }

  /** As from outside; this thread gets no further. */
  private static void kill() {
    try {
      String pid = Long.toString(ProcessHandle.current().pid());
      var _ = new ProcessBuilder("sh", "-c", "kill -KILL " + pid).start();
      await(10);
    } catch (IOException noShell) {
      // the next line does as well
    }
    Runtime.getRuntime().halt(KILLED);
  }

  private static void await(int seconds) {
    try {
      var _ = new CountDownLatch(1).await(seconds, TimeUnit.SECONDS);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }
}
