package org.consilium.site.upload;

import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.TimeoutException;
import org.consilium.site.session.Backoff;
import org.consilium.site.session.CoordinatorLink;
import org.consilium.site.session.Failures;
import org.consilium.site.session.Halt;
import org.consilium.site.session.Traffic;

/**
 * Tries a transfer until it is done, refused for good, told to stop, or nothing has moved for
 * {@link #noProgress}. That is the only time limit: a slow transfer that moves is never cut.
 */
final class Persistence {
  private final CoordinatorLink link;
  private final Backoff backoff;
  private final InstantSource clock;
  private final Duration noProgress;
  private Instant moved;

  Persistence(CoordinatorLink link, Backoff backoff, InstantSource clock, Duration noProgress) {
    this.link = link;
    this.backoff = backoff;
    this.clock = clock;
    this.noProgress = noProgress;
    this.moved = clock.instant();
  }

  /** One try. */
  interface Attempt<T> {
    T run() throws StatusException, TimeoutException, InterruptedException, IOException;
  }

  /** How it ended. */
  sealed interface Outcome<T> {
    record Done<T>(T value) implements Outcome<T> {}

    record Refused<T>(Status status) implements Outcome<T> {}

    record Stopped<T>(String reason) implements Outcome<T> {}
  }

  /** Something moved: the limit starts anew, and the next wait is short. */
  void progress() {
    Instant now = clock.instant();
    link.traffic().moved(Duration.between(moved, now));
    moved = now;
    backoff.reset();
  }

  Duration noProgress() {
    return noProgress;
  }

  <T> Outcome<T> run(Halt halt, Attempt<T> attempt) throws IOException {
    try (Traffic.Transfer _ = link.traffic().begin()) {
      return persist(halt, attempt);
    }
  }

  private <T> Outcome<T> persist(Halt halt, Attempt<T> attempt) throws IOException {
    moved = clock.instant();
    backoff.reset();
    while (!halt.halted()) {
      String failure;
      int key = link.generation();
      try {
        return new Outcome.Done<>(attempt.run());
      } catch (StatusException | StatusRuntimeException failed) {
        Status status = Status.fromThrowable(failed);
        // A connection under the former certificate ends with it; the next one has the new.
        boolean outlived =
            status.getCode() == Status.Code.UNAUTHENTICATED && key != link.generation();
        if (!outlived && !Failures.passing(status)) {
          return new Outcome.Refused<>(status);
        }
        failure = Failures.words(status);
      } catch (UncheckedIOException full) {
        // The ledger could not say that it leaves, so it did not; there may be room again.
        failure = String.valueOf(full.getMessage());
      } catch (TimeoutException stalled) {
        failure = "nothing moved";
      } catch (InterruptedException interrupted) {
        Thread.currentThread().interrupt();
        return new Outcome.Stopped<>("interrupted");
      }
      if (!clock.instant().isBefore(moved.plus(noProgress))) {
        return new Outcome.Stopped<>(
            "no progress for %d s: %s".formatted(noProgress.toSeconds(), failure));
      }
      if (halt.await(backoff.next())) {
        break;
      }
      link.connectNow();
    }
    return new Outcome.Stopped<>("told to stop");
  }
}
