package org.consilium.coordinator.rpc;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import org.consilium.coordinator.consortium.AuthorityUnreachable;

/**
 * What is logged while the issuing authority is away: one line a minute, however many nodes ask.
 */
final class AwayLog {
  private static final Duration EVERY = Duration.ofMinutes(1);

  private final InstantSource clock;
  private Optional<Instant> last = Optional.empty();
  private long unsaid;

  AwayLog(InstantSource clock) {
    this.clock = clock;
  }

  /** The line to write now, if one is due. */
  synchronized Optional<String> line(String step, AuthorityUnreachable away) {
    Instant now = clock.instant();
    if (last.isPresent() && now.isBefore(last.get().plus(EVERY))) {
      unsaid++;
      return Optional.empty();
    }
    String before = unsaid == 0 ? "" : "; %d more like it since the last line".formatted(unsaid);
    last = Optional.of(now);
    unsaid = 0;
    return Optional.of("%s waits: %s%s".formatted(step, away.getMessage(), before));
  }
}
