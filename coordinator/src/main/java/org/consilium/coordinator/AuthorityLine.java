package org.consilium.coordinator;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.consilium.coordinator.authority.AuthorityClient;
import org.consilium.coordinator.consortium.Consortium;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.Leaf;
import org.consilium.security.identity.SpiffeId;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The coordinator's line to the issuing authority, and the certificate that it shows there. */
final class AuthorityLine implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(AuthorityLine.class);
  private static final String RELAY = "relay";
  private static final Duration COPY_EVERY = Duration.ofSeconds(30);

  private final AuthorityClient client;
  private final OwnCertificate relay;

  private AuthorityLine(AuthorityClient client, OwnCertificate relay) {
    this.client = client;
    this.relay = relay;
  }

  /** Makes ready to connect with the newest relay certificate, which is renewed in time. */
  static AuthorityLine open(CoordinatorSettings settings, InstantSource clock, SecureRandom random)
      throws IOException {
    Path folder = settings.consortium();
    if (!Files.exists(folder.resolve(RELAY + ".pem"))) {
      throw new IOException(
          ("open consortium %s: there is no relay.pem in it; the issuing authority makes one with:"
                  + " consilium consortium init, or consilium ca coordinator")
              .formatted(folder));
    }
    Path own = settings.state().resolve("identity");
    Credential relay = newest(folder, own);
    AuthorityClient client = AuthorityClient.open(address(settings), relay);
    try {
      OwnCertificate kept =
          OwnCertificate.from(
              relay,
              own,
              RELAY,
              new OwnCertificate.Issue(
                  client,
                  SpiffeId.coordinatorRelay(client.trustDomain(), "main"),
                  Leaf.COORDINATOR_RELAY.terms()),
              clock,
              random);
      client.renew(kept.current());
      kept.keepAlive(client::renew);
      return new AuthorityLine(client, kept);
    } catch (IOException | RuntimeException failed) {
      client.close();
      throw failed;
    }
  }

  private static Credential newest(Path folder, Path own) throws IOException {
    Credential given = Credential.load(folder, RELAY);
    if (Files.exists(own.resolve(RELAY + ".pem"))) {
      Credential renewed = Credential.load(own, RELAY);
      boolean newer = renewed.expiresAt().isAfter(given.expiresAt());
      if (newer && renewed.chain().getLast().equals(given.chain().getLast())) {
        return renewed;
      }
    }
    return given;
  }

  AuthorityClient client() {
    return client;
  }

  @Override
  public void close() {
    relay.close();
    client.close();
  }

  private static InetSocketAddress address(CoordinatorSettings settings) throws IOException {
    String text =
        settings.authority().isPresent()
            ? settings.authority().get()
            : Files.readString(
                    settings.consortium().resolve("authority"), StandardCharsets.US_ASCII)
                .strip();
    int colon = text.lastIndexOf(':');
    if (colon < 1 || !text.substring(colon + 1).matches("\\d{1,5}")) {
      throw new IOException("authority address %s: it must be host:port".formatted(text));
    }
    return InetSocketAddress.createUnresolved(
        text.substring(0, colon), Integer.parseInt(text.substring(colon + 1)));
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
    } catch (IOException | RuntimeException away) { // whatever it was, the timer must go on
      LOG.warn("memberships stay as they are known: {}", away.getMessage());
    }
  }
}
