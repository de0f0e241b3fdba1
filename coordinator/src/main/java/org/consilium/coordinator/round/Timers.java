package org.consilium.coordinator.round;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.consilium.coordinator.round.RoundState.Abandoned;
import org.consilium.coordinator.round.RoundState.Aggregating;
import org.consilium.coordinator.round.RoundState.Closed;
import org.consilium.coordinator.round.RoundState.Collecting;
import org.consilium.coordinator.round.RoundState.Unmasking;
import org.consilium.coordinator.round.RoundState.Validating;
import org.consilium.coordinator.round.RoundState.Watched;
import org.consilium.coordinator.round.RoundState.Watching;

/**
 * A study's deadlines on the monotonic clock: a change of the time of day ends nothing early or
 * late. Written by the loop's thread, read by any.
 */
final class Timers {
  /** After a restart sites have to come back before they can go on. */
  private static final Duration COME_BACK = Duration.ofMinutes(1);

  private final Clocks clocks;
  private volatile long dueNanos;
  private volatile long setupNanos;

  Timers(Clocks clocks) {
    this.clocks = clocks;
  }

  /** Sets the deadlines of a state that was read from the journal. */
  void resume(StudyState state) {
    Duration most = state.plan().participation().deadline();
    Duration left =
        deadline(state).map(d -> Duration.between(clocks.wall().instant(), d)).orElse(most);
    dueNanos = now() + Math.clamp(left.toNanos(), 0L, most.toNanos());
    setupNanos = now() + COME_BACK.toNanos();
  }

  /** Sets the deadlines that an event brought. */
  void move(StudyState before, Instant at, StudyState after) {
    deadline(after)
        .filter(due -> !deadline(before).equals(Optional.of(due)))
        .ifPresent(due -> dueNanos = now() + Duration.between(at, due).toNanos());
    setup(after)
        .filter(due -> !setup(before).equals(Optional.of(due)))
        .ifPresent(due -> setupNanos = now() + Duration.between(at, due).toNanos());
  }

  /** Time left until late work no longer counts. */
  Duration remaining() {
    return Duration.ofNanos(Math.max(0, dueNanos - now()));
  }

  boolean due() {
    return now() - dueNanos >= 0;
  }

  /** Whether the masks' set-up waits no longer for those who are late. */
  boolean setupDue(Collecting c) {
    return switch (c.masking().phase()) {
      case KEYS, SHARES -> now() - setupNanos >= 0;
      case OFF, UPLOADS, CONSENT, RELEASE -> false;
    };
  }

  private long now() {
    return clocks.nanos().getAsLong();
  }

  private static Optional<Instant> setup(StudyState state) {
    return state.current().orElse(null) instanceof Collecting c
        ? Optional.of(c.masking().until())
        : Optional.empty();
  }

  private static Optional<Instant> deadline(StudyState state) {
    return state
        .current()
        .flatMap(
            r ->
                switch (r) {
                  case Collecting c -> Optional.of(c.opening().deadline());
                  case Unmasking u -> Optional.of(u.masking().until());
                  case Validating v -> Optional.of(v.deadline());
                  case Watching w -> Optional.of(w.deadline());
                  case Aggregating _, Closed _, Abandoned _, Watched _ -> Optional.empty();
                });
  }
}
