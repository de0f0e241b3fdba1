package org.consilium.coordinator.study;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.atomic.AtomicLong;
import org.consilium.coordinator.round.Clocks;

/** Time that stands still until a test moves it. */
final class ManualTime implements InstantSource {
  private final Instant start;
  private final AtomicLong nanos = new AtomicLong();
  private final AtomicLong jumped = new AtomicLong();

  ManualTime() {
    this(Instant.parse("2026-03-01T08:00:00Z"));
  }

  ManualTime(Instant start) {
    this.start = start;
  }

  @Override
  public Instant instant() {
    return start.plusNanos(nanos.get() + jumped.get());
  }

  void pass(Duration duration) {
    long _ = nanos.addAndGet(duration.toNanos());
  }

  /** Somebody sets the clock on the wall; no time passes. */
  void jump(Duration duration) {
    long _ = jumped.addAndGet(duration.toNanos());
  }

  Clocks clocks() {
    return new Clocks(this, nanos::get);
  }
}
