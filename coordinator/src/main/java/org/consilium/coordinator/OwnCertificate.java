package org.consilium.coordinator;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.consilium.coordinator.consortium.Authority;
import org.consilium.coordinator.consortium.AuthorityUnreachable;
import org.consilium.coordinator.consortium.MembershipRefused;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.KeyRequest;
import org.consilium.security.identity.Leaf;
import org.consilium.security.identity.SpiffeId;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A certificate of the coordinator's own, kept in a folder: made when there is none, renewed at two
 * thirds of its life, on disk before it is used.
 */
final class OwnCertificate implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(OwnCertificate.class);
  private static final Duration LOOK_EVERY = Duration.ofSeconds(30);
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final Duration BETWEEN_TRIES = Duration.ofMillis(250);

  private final Path folder;
  private final String name;
  private final Issue issue;
  private final InstantSource clock;
  private final SecureRandom random;
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("own-certificate").factory());
  private Credential current;
  private Instant due;

  /** What is asked of the authority. */
  record Issue(Authority authority, SpiffeId id, Leaf.Terms terms) {}

  private OwnCertificate(
      Path folder,
      String name,
      Issue issue,
      Optional<Credential> given,
      InstantSource clock,
      SecureRandom random)
      throws IOException {
    this.folder = folder;
    this.name = name;
    this.issue = issue;
    this.clock = clock;
    this.random = random;
    this.current = keptOrNew(given);
    this.due = current.renewAt(random.nextDouble());
  }

  /** Opens {@code <folder>/<name>.pem}, or makes it. */
  static OwnCertificate open(
      Path folder, String name, Issue issue, InstantSource clock, SecureRandom random)
      throws IOException {
    return new OwnCertificate(folder, name, issue, Optional.empty(), clock, random);
  }

  /** Goes on from a certificate that somebody gave; only successors are kept in the folder. */
  static OwnCertificate from(
      Credential given,
      Path folder,
      String name,
      Issue issue,
      InstantSource clock,
      SecureRandom random)
      throws IOException {
    return new OwnCertificate(folder, name, issue, Optional.of(given), clock, random);
  }

  synchronized Credential current() {
    return current;
  }

  /** From now on hands every successor to {@code user}. */
  void keepAlive(Consumer<Credential> user) {
    var _ =
        timer.scheduleWithFixedDelay(
            () -> look(user), LOOK_EVERY.toMillis(), LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Renews if it is time; a failure is tried again at the next look. */
  synchronized void look(Consumer<Credential> user) {
    if (clock.instant().isBefore(due)) {
      return;
    }
    try {
      current = fresh();
      due = current.renewAt(random.nextDouble());
      user.accept(current);
      LOG.info("own certificate {} renewed; it holds until {}", name, current.expiresAt());
    } catch (IOException | RuntimeException failed) { // whatever it was, the timer must go on
      LOG.error("own certificate {} was not renewed; ends {}", name, current.expiresAt(), failed);
    }
  }

  private Credential keptOrNew(Optional<Credential> given) throws IOException {
    if (given.isPresent() || Files.exists(folder.resolve(name + ".pem"))) {
      Credential kept = given.isPresent() ? given.get() : Credential.load(folder, name);
      Instant now = clock.instant();
      boolean ours =
          kept.chain().getLast().equals(issue.authority().root()) && kept.id().equals(issue.id());
      if (ours && now.isBefore(kept.renewAt())) {
        return kept;
      }
      if (ours && now.isBefore(kept.expiresAt())) {
        try {
          return fresh();
        } catch (AuthorityUnreachable away) {
          LOG.warn("own certificate {} is not renewed yet: {}", name, away.getMessage());
          return kept;
        }
      }
    }
    return awaited();
  }

  /** A first certificate: an authority that starts at the same time may need a moment. */
  private Credential awaited() throws IOException {
    Instant until = clock.instant().plus(PATIENCE);
    while (true) {
      try {
        return fresh();
      } catch (AuthorityUnreachable away) {
        if (!clock.instant().isBefore(until)) {
          throw away;
        }
        pause();
      }
    }
  }

  private static void pause() throws IOException {
    try {
      TimeUnit.MILLISECONDS.sleep(BETWEEN_TRIES.toMillis());
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while the authority did not answer", interrupted);
    }
  }

  private Credential fresh() throws IOException {
    Leaf leaf = issue.terms().leaf();
    KeyRequest request = leaf.tls() ? KeyRequest.tls(random) : KeyRequest.signing(random);
    try {
      Credential made =
          request.with(issue.authority().certify(request.pkcs10(), issue.terms(), ""));
      made.save(folder, name);
      return made;
    } catch (MembershipRefused refused) {
      throw new IOException(
          "ask for the coordinator's own certificate: " + refused.getMessage(), refused);
    }
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }
}
