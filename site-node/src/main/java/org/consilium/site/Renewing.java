package org.consilium.site;

import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.SplittableRandom;
import org.consilium.security.identity.Credential;
import org.consilium.security.identity.KeyRequest;
import org.consilium.security.identity.RevocationRefused;
import org.consilium.security.identity.SpiffeId;
import org.consilium.security.sign.ChainCheck;
import org.consilium.security.sign.ChainRefused;
import org.consilium.security.sign.SigningKey;
import org.consilium.site.ops.NodeMetrics;
import org.consilium.site.protect.EgressBlocked;
import org.consilium.site.session.Backoff;
import org.consilium.site.session.CoordinatorLink;
import org.consilium.site.session.Halt;
import org.consilium.site.session.RenewalCall;

/**
 * Keeps a node's TLS certificate from ending: asks for a successor at two thirds of its life. The
 * new key is on disk before it is asked for, the new certificate before it is used; whatever is cut
 * off in between, one working certificate is there, and the same request gets the same answer.
 */
final class Renewing {
  private static final Duration LOOK_EVERY = Duration.ofSeconds(1);
  private static final Duration RETRY_CAP = Duration.ofMinutes(1);

  private final StateFolder state;
  private final Console console;
  private final SecureRandom random;
  private final Line line;
  private volatile Credential current;

  /**
   * What a renewal goes over.
   *
   * @param link gets the new credential
   * @param revoked is refreshed on the way
   */
  record Line(
      CoordinatorLink link, RenewalCall call, RevokedCertificates revoked, NodeMetrics metrics) {}

  Renewing(StateFolder state, Console console, SecureRandom random, Credential current, Line line) {
    this.state = state;
    this.console = console;
    this.random = random;
    this.line = line;
    this.current = current;
  }

  /** Whether the certificate has ended: at its last instant it has. */
  boolean lapsed() {
    return !console.clock().instant().isBefore(current.expiresAt());
  }

  /** Renews until told to stop; sets the sign itself when the certificate has ended. */
  void run(Halt halt) {
    Backoff backoff = new Backoff(new SplittableRandom(random.nextLong()), RETRY_CAP);
    Instant due = due();
    while (!halt.await(LOOK_EVERY)) {
      lookForRevocations();
      if (lapsed()) {
        halt.halt();
      } else if (!console.clock().instant().isBefore(due)) {
        String outcome = renewed();
        if (outcome.isEmpty()) {
          backoff.reset();
          due = due();
          console.progress("certificate renewed; it holds until " + current.expiresAt());
        } else {
          console.progress(
              "renew the certificate (it ends %s): %s".formatted(current.expiresAt(), outcome));
          due = console.clock().instant().plus(backoff.next());
        }
      }
    }
  }

  private void lookForRevocations() {
    try {
      if (line.revoked().refresh(current)) {
        line.link().renew(current); // whoever is connected has to prove itself again
      }
    } catch (IOException | RevocationRefused failed) {
      console.progress(String.valueOf(failed.getMessage()));
    }
  }

  private Instant due() {
    return current.renewAt(random.nextDouble());
  }

  /** Renews once; returns why not, or nothing. */
  private String renewed() {
    try {
      KeyRequest fresh = request(state, current, random);
      return switch (line.call().renew(fresh)) {
        case RenewalCall.Reply.Failed failed -> {
          forget(state, failed);
          yield failed.reason();
        }
        case RenewalCall.Reply.Issued(List<X509Certificate> chain) -> {
          Credential next = store(state, console, current, fresh, chain);
          line.link().renew(next);
          line.metrics().certificateExpiry(next.expiresAt());
          current = next;
          yield "";
        }
      };
    } catch (IOException | Failure | EgressBlocked failed) {
      return String.valueOf(failed.getMessage());
    }
  }

  /** The request that was cut off before its answer was stored, else a new one; it is on disk. */
  static KeyRequest request(StateFolder state, Credential current, SecureRandom random)
      throws IOException, Failure {
    if (Files.exists(file(state))) {
      KeyRequest kept = KeyRequest.load(state.path(), StateFolder.RENEWAL);
      if (!kept.isFor(current)) {
        return kept;
      }
    }
    SigningKey signing = SigningKey.of(state.credential(StateFolder.SIGNING));
    KeyRequest fresh =
        KeyRequest.renewal(current.id(), random, key -> signing.sign(KeyRequest.ENDORSEMENT, key));
    fresh.save(state.path(), StateFolder.RENEWAL);
    return fresh;
  }

  /** Checks a successor and puts it in the place of the present certificate. */
  static Credential store(
      StateFolder state,
      Console console,
      Credential current,
      KeyRequest fresh,
      List<X509Certificate> chain)
      throws IOException, Failure {
    try {
      X509Certificate root = current.chain().getLast();
      SpiffeId id =
          new ChainCheck(root, current.id().trustDomain(), console.clock())
              .verify(chain, SpiffeId.Kind.SITE_NODE);
      if (!id.equals(current.id()) || !chain.getLast().equals(root)) {
        throw new Failure(
            Failure.Kind.NOT_ALLOWED,
            "the renewed certificate names %s, this is %s".formatted(id, current.id()),
            "");
      }
      Credential next = fresh.with(chain);
      next.save(state.path(), StateFolder.TLS);
      Files.deleteIfExists(file(state));
      return next;
    } catch (ChainRefused | IllegalArgumentException unfit) {
      throw new Failure(
          Failure.Kind.NOT_ALLOWED, "the renewed certificate: " + unfit.getMessage(), "");
    }
  }

  /** A request that is refused for what it is will be refused again: the next one has a new key. */
  static void forget(StateFolder state, RenewalCall.Reply.Failed failed) throws IOException {
    if (failed.status() == Status.Code.INVALID_ARGUMENT) {
      Files.deleteIfExists(file(state));
    }
  }

  private static Path file(StateFolder state) {
    return state.path().resolve(StateFolder.RENEWAL + ".request.pem");
  }
}
