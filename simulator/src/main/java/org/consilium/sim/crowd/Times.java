package org.consilium.sim.crowd;

import java.io.IOException;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.LongSupplier;

/** Nanoseconds by kind of work and round, added up over threads. Safe for use by many threads. */
final class Times {
  private final LongSupplier nanos;
  private final Map<Integer, Map<Work, Long>> rounds = new java.util.TreeMap<>();

  Times(LongSupplier nanos) {
    this.nanos = nanos;
  }

  /** Something that takes time. */
  @FunctionalInterface
  interface Job<T> {
    T run() throws IOException;
  }

  <T> T of(Work work, int round, Job<T> job) throws IOException {
    long before = nanos.getAsLong();
    try {
      return job.run();
    } finally {
      add(work, round, nanos.getAsLong() - before);
    }
  }

  synchronized void add(Work work, int round, long more) {
    Long _ =
        rounds.computeIfAbsent(round, _ -> new EnumMap<>(Work.class)).merge(work, more, Long::sum);
  }

  /** Seconds of a round; kinds of work that it had none of are left out. */
  synchronized Map<Work, Double> seconds(int round) {
    Map<Work, Double> seconds = new EnumMap<>(Work.class);
    rounds.getOrDefault(round, Map.of()).forEach((work, spent) -> seconds.put(work, spent / 1e9));
    return seconds;
  }
}
