package org.consilium.coordinator;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.consilium.security.identity.CertificateAuthority;
import org.consilium.security.identity.CertificateRefused;
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
  record Issue(CertificateAuthority authority, SpiffeId id, Leaf.Terms terms) {}

  private OwnCertificate(
      Path folder, String name, Issue issue, InstantSource clock, SecureRandom random)
      throws IOException {
    this.folder = folder;
    this.name = name;
    this.issue = issue;
    this.clock = clock;
    this.random = random;
    this.current = keptOrNew();
    this.due = current.renewAt(random.nextDouble());
  }

  /** Opens {@code <folder>/<name>.pem}, or makes it. */
  static OwnCertificate open(
      Path folder, String name, Issue issue, InstantSource clock, SecureRandom random)
      throws IOException {
    return new OwnCertificate(folder, name, issue, clock, random);
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

  private Credential keptOrNew() throws IOException {
    if (Files.exists(folder.resolve(name + ".pem"))) {
      Credential kept = Credential.load(folder, name);
      boolean ours =
          kept.chain().getLast().equals(issue.authority().root()) && kept.id().equals(issue.id());
      if (ours && clock.instant().isBefore(kept.renewAt())) {
        return kept;
      }
    }
    return fresh();
  }

  private Credential fresh() throws IOException {
    KeyRequest request =
        issue.terms().leaf() == Leaf.COORDINATOR_TLS
            ? KeyRequest.tls(random)
            : KeyRequest.signing(random);
    try {
      Credential made =
          request.with(issue.authority().issue(request.pkcs10(), issue.id(), issue.terms()));
      made.save(folder, name);
      return made;
    } catch (CertificateRefused refused) {
      throw new IOException("issue the coordinator's own certificate: " + refused.getMessage());
    }
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }
}
