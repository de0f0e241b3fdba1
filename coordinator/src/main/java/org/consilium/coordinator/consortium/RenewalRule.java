package org.consilium.coordinator.consortium;

import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.consilium.coordinator.consortium.IssuedLeaves.Issued;
import org.consilium.coordinator.consortium.MembershipRefused.Why;
import org.consilium.protocol.Digest;
import org.consilium.protocol.Limits;
import org.consilium.protocol.SiteId;
import org.consilium.security.identity.CertificateRefused;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.identity.KeyRequest;
import org.consilium.security.identity.SpiffeId;

/**
 * When a site's TLS certificate gets a successor: a new key each time, the same name alone. A
 * certificate holds before its end and has ended at that very instant; from then on, for seven
 * days, only the site's signing key brings a successor.
 */
public final class RenewalRule {
  private RenewalRule() {}

  /** Refuses a request for the very key of the certificate that a successor is asked for. */
  static void checkNewKey(SiteId site, X509Certificate shown, byte[] pkcs10)
      throws MembershipRefused {
    if (key(site, pkcs10).equals(Digest.of(Fingerprint.of(shown.getPublicKey()).bytes()))) {
      throw refused(site, "a renewal needs a new key");
    }
  }

  /**
   * Decides on a request.
   *
   * @return the chain (DER, leaf first) that was given before to this very request; empty if a
   *     successor is due
   */
  public static Optional<List<byte[]>> decide(
      Membership membership, SpiffeId name, byte[] pkcs10, Instant now) throws MembershipRefused {
    SiteId site = new SiteId(name.siteName().orElseThrow());
    checkNames(site, name, pkcs10);
    Digest key = key(site, pkcs10);
    Optional<SiteId> holder = membership.holder(key);
    if (holder.isPresent()) {
      Optional<Issued> before =
          holder.get().equals(site) ? membership.leaves().find(site, key) : Optional.empty();
      if (before.filter(i -> now.isBefore(i.end())).isPresent()) {
        return before.map(Issued::chain);
      }
      throw refused(site, "the key was used before; a renewal needs a new one");
    }
    if (membership.leaves().open(site, now) >= IssuedLeaves.OPEN_MAX) {
      throw new MembershipRefused(
          Why.WRONG_STATE,
          "renew %s: it has %d certificates that hold; wait until one ends"
              .formatted(site, IssuedLeaves.OPEN_MAX));
    }
    return Optional.empty();
  }

  /** Refuses unless the certificate is the site's, and ended less than seven days ago. */
  static void checkRecoverable(
      Membership membership, SiteId site, X509Certificate expired, Instant now)
      throws MembershipRefused {
    if (!membership.leaves().has(site, expired)) {
      throw new MembershipRefused(
          Why.NOT_FOUND, "renew %s: it was not given this certificate".formatted(site));
    }
    Instant end = expired.getNotAfter().toInstant();
    if (now.isBefore(end)) {
      throw new MembershipRefused(
          Why.WRONG_STATE,
          "renew %s: the certificate holds until %s; the node renews it by itself"
              .formatted(site, end));
    }
    if (!now.isBefore(end.plus(Limits.RECOVERABLE))) {
      throw new MembershipRefused(
          Why.WRONG_STATE,
          "renew %s: the certificate ended %s, over %d days ago; the site has to join again"
              .formatted(site, end, Limits.RECOVERABLE.toDays()));
    }
  }

  private static void checkNames(SiteId site, SpiffeId name, byte[] pkcs10)
      throws MembershipRefused {
    try {
      KeyRequest.checkNames(pkcs10, name);
    } catch (CertificateRefused refused) {
      throw refused(site, String.valueOf(refused.getMessage()));
    }
  }

  private static Digest key(SiteId site, byte[] pkcs10) throws MembershipRefused {
    try {
      return Digest.of(KeyRequest.fingerprint(pkcs10).bytes());
    } catch (CertificateRefused refused) {
      throw refused(site, String.valueOf(refused.getMessage()));
    }
  }

  private static MembershipRefused refused(SiteId site, String why) {
    return new MembershipRefused(Why.BAD_REQUEST, "renew %s: %s".formatted(site, why));
  }
}
