package org.consilium.coordinator;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.consilium.coordinator.authority.AuthorityClient;
import org.consilium.coordinator.consortium.AuthorityUnreachable;
import org.consilium.coordinator.consortium.Consortium;
import org.consilium.coordinator.consortium.MembershipRefused;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.KeyRequest;
import org.consilium.security.identity.Leaf;
import org.consilium.security.identity.SpiffeId;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The coordinator's line to the issuing authority, and the certificates it got over it. */
final class AuthorityLine {
  private static final Logger LOG = LoggerFactory.getLogger(AuthorityLine.class);
  private static final String RELAY = "relay";
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final Duration BETWEEN_TRIES = Duration.ofMillis(250);
  private static final Duration COPY_EVERY = Duration.ofSeconds(30);

  private final CoordinatorSettings settings;
  private final InstantSource clock;
  private final SecureRandom random;

  AuthorityLine(CoordinatorSettings settings, InstantSource clock, SecureRandom random) {
    this.settings = settings;
    this.clock = clock;
    this.random = random;
  }

  /** Makes ready to connect with the newest relay certificate, which is renewed in time. */
  AuthorityClient open() throws IOException {
    Path folder = settings.consortium();
    if (!Files.exists(folder.resolve(RELAY + ".pem"))) {
      throw new IOException(
          ("open consortium %s: there is no relay.pem in it; the issuing authority makes one with:"
                  + " consilium consortium init, or consilium ca coordinator")
              .formatted(folder));
    }
    Credential relay = Credential.load(folder, RELAY);
    Path own = settings.state().resolve("identity");
    if (Files.exists(own.resolve(RELAY + ".pem"))) {
      Credential renewed = Credential.load(own, RELAY);
      boolean newer = renewed.expiresAt().isAfter(relay.expiresAt());
      relay = newer && renewed.chain().getLast().equals(relay.chain().getLast()) ? renewed : relay;
    }
    AuthorityClient client = AuthorityClient.open(address(folder), relay);
    if (clock.instant().isBefore(relay.renewAt())) {
      return client;
    }
    try (client) {
      Credential fresh =
          credential(
              RELAY,
              client,
              SpiffeId.coordinatorRelay(client.trustDomain(), "main"),
              Leaf.COORDINATOR_RELAY.terms());
      return AuthorityClient.open(address(folder), fresh);
    }
  }

  private InetSocketAddress address(Path folder) throws IOException {
    String text =
        settings.authority().isPresent()
            ? settings.authority().get()
            : Files.readString(folder.resolve("authority"), StandardCharsets.US_ASCII).strip();
    int colon = text.lastIndexOf(':');
    if (colon < 1 || !text.substring(colon + 1).matches("\\d{1,5}")) {
      throw new IOException("authority address %s: it must be host:port".formatted(text));
    }
    return InetSocketAddress.createUnresolved(
        text.substring(0, colon), Integer.parseInt(text.substring(colon + 1)));
  }

  /** The kept credential, or a new one when there is none or a third of its life is left. */
  Credential credential(String name, AuthorityClient authority, SpiffeId id, Leaf.Terms terms)
      throws IOException {
    Path folder = settings.state().resolve("identity");
    if (Files.exists(folder.resolve(name + ".pem"))) {
      Credential kept = Credential.load(folder, name);
      boolean ours = kept.chain().getLast().equals(authority.root()) && kept.id().equals(id);
      if (ours && clock.instant().isBefore(kept.renewAt())) {
        return kept;
      }
    }
    boolean tls = terms.leaf() == Leaf.COORDINATOR_TLS || terms.leaf() == Leaf.COORDINATOR_RELAY;
    KeyRequest request = tls ? KeyRequest.tls(random) : KeyRequest.signing(random);
    Instant until = clock.instant().plus(PATIENCE);
    while (true) {
      try {
        Credential fresh = request.with(authority.certify(request.pkcs10(), terms, ""));
        fresh.save(folder, name);
        return fresh;
      } catch (MembershipRefused refused) {
        throw new IOException(
            "ask for the coordinator's own certificate: " + refused.getMessage(), refused);
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

  /** Copies what the authority decides, now and every half minute, until it is closed. */
  static AutoCloseable copying(Consortium consortium) {
    copy(consortium);
    ScheduledExecutorService copier =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("authority-copy").factory());
    var _ =
        copier.scheduleWithFixedDelay(
            () -> copy(consortium),
            COPY_EVERY.toMillis(),
            COPY_EVERY.toMillis(),
            TimeUnit.MILLISECONDS);
    return copier::shutdownNow;
  }

  private static void copy(Consortium consortium) {
    try {
      consortium.copy();
    } catch (IOException away) {
      LOG.warn("memberships stay as they are known: {}", away.getMessage());
    }
  }
}
