package org.consilium.site.ledger.digest;

import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.consilium.security.identity.Credential;
import org.consilium.site.ledger.LedgerFile;

/** Writes the digests of days that are over while a node serves. One thread of its own. */
public final class DigestClerk implements AutoCloseable {
  private static final Duration LOOK_EVERY = Duration.ofMinutes(10);

  private final Digests digests;
  private final Credential signing;
  private final InstantSource clock;
  private final Consumer<String> log;
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("digests").factory());
  private Optional<LocalDate> looked = Optional.empty();

  private DigestClerk(
      Digests digests, Credential signing, InstantSource clock, Consumer<String> log) {
    this.digests = digests;
    this.signing = signing;
    this.clock = clock;
    this.log = log;
  }

  /**
   * Looks now and then every few minutes.
   *
   * @param log for people at the hospital
   */
  public static DigestClerk start(
      Digests digests, Credential signing, InstantSource clock, Consumer<String> log) {
    DigestClerk clerk = new DigestClerk(digests, signing, clock, log);
    var _ =
        clerk.timer.scheduleWithFixedDelay(
            clerk::look, 0, LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS);
    return clerk;
  }

  /** Once a day there is something to do; a failure is tried again. */
  private void look() {
    LocalDate today = LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC);
    if (looked.equals(Optional.of(today))) {
      return;
    }
    try {
      if (!LedgerFile.verify(digests.ledger()).intact()) {
        log.accept("egress digest: the ledger is not intact; consilium node ledger --verify");
      } else {
        for (LocalDate day : digests.write(signing, clock.instant())) {
          log.accept("egress digest of %s written".formatted(day));
        }
      }
      looked = Optional.of(today);
    } catch (IOException disk) {
      log.accept("egress digest: " + disk.getMessage());
    }
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }
}
