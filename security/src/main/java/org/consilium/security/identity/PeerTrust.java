package org.consilium.security.identity;

import java.io.IOException;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import javax.net.ssl.CertPathTrustManagerParameters;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509TrustManager;

/**
 * Whom one end of a TLS connection accepts: the JDK's PKIX validation to the consortium's root with
 * the right key purpose, then exactly one spiffe name, in the trust domain, of the expected kind.
 * Host names are not compared: the name in the certificate is the identity. Certificate times are
 * checked against the JDK's own clock, which TLS offers no way to replace.
 */
public final class PeerTrust extends X509ExtendedTrustManager {
  private static final int CHAIN_MAX = 5;

  private final Roots roots;
  private final SpiffeId.Kind kind;
  private final Optional<Revocations> revocations;

  private PeerTrust(Roots roots, SpiffeId.Kind kind, Optional<Revocations> revocations) {
    this.roots = roots;
    this.kind = kind;
    this.revocations = revocations;
  }

  private PeerTrust(Roots roots, SpiffeId.Kind kind) {
    this(roots, kind, Optional.empty());
  }

  /** Which list is asked, by which clock, and who hears of a refusal. */
  private record Revocations(
      RevocationSource source, InstantSource clock, Consumer<RevocationRefused> refusals) {}

  /**
   * The same, and each peer is looked up in the newest list of revoked certificates. Without a list
   * that counts now, everybody is refused.
   *
   * @param clock tells whether the list counts
   * @param refusals told of each peer that is refused for the list
   */
  public PeerTrust with(
      RevocationSource source, InstantSource clock, Consumer<RevocationRefused> refusals) {
    return new PeerTrust(roots, kind, Optional.of(new Revocations(source, clock, refusals)));
  }

  /** A root in use: the JDK's validator for it, and its trust domain. */
  private record Anchor(X509Certificate root, X509TrustManager pkix, String trustDomain) {}

  /** Where the root comes from: known beforehand, or presented and matching a fingerprint. */
  private sealed interface Roots {
    record Known(Anchor anchor) implements Roots {}

    record Pinned(Fingerprint fingerprint) implements Roots {}
  }

  /** For a site: accepts the coordinator's server. */
  public static PeerTrust forServer(X509Certificate root, String trustDomain) {
    return new PeerTrust(new Roots.Known(anchor(root, trustDomain)), SpiffeId.Kind.COORDINATOR);
  }

  /** For the coordinator: accepts site nodes as clients. */
  public static PeerTrust forClients(X509Certificate root, String trustDomain) {
    return new PeerTrust(new Roots.Known(anchor(root, trustDomain)), SpiffeId.Kind.SITE_NODE);
  }

  /** For the coordinator: accepts the issuing authority's server. */
  public static PeerTrust forAuthority(X509Certificate root, String trustDomain) {
    return new PeerTrust(new Roots.Known(anchor(root, trustDomain)), SpiffeId.Kind.AUTHORITY);
  }

  /** For the issuing authority: accepts the coordinator as a client. */
  public static PeerTrust forRelays(X509Certificate root, String trustDomain) {
    return new PeerTrust(
        new Roots.Known(anchor(root, trustDomain)), SpiffeId.Kind.COORDINATOR_RELAY);
  }

  /**
   * For a site that has only a join token: accepts a coordinator whose presented chain ends in a
   * self-signed root with this fingerprint, all 256 bits.
   */
  public static PeerTrust pinned(Fingerprint rootFingerprint) {
    return new PeerTrust(new Roots.Pinned(rootFingerprint), SpiffeId.Kind.COORDINATOR);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    Anchor anchor = anchorFor(chain);
    anchor.pkix().checkClientTrusted(chain, authType);
    checkName(chain[0], anchor);
    checkRevocation(chain, anchor);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    Anchor anchor = anchorFor(chain);
    anchor.pkix().checkServerTrusted(chain, authType);
    checkName(chain[0], anchor);
    checkRevocation(chain, anchor);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    checkClientTrusted(chain, authType);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    checkServerTrusted(chain, authType);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    checkClientTrusted(chain, authType);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    checkServerTrusted(chain, authType);
  }

  /** The root, so that a client picks the right certificate; none when only a pin is known. */
  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return switch (roots) {
      case Roots.Known(Anchor anchor) -> new X509Certificate[] {anchor.root()};
      case Roots.Pinned _ -> new X509Certificate[0];
    };
  }

  private Anchor anchorFor(X509Certificate[] chain) throws CertificateException {
    if (chain.length == 0 || chain.length > CHAIN_MAX) {
      throw new CertificateException(
          "peer presented %d certificates, 1 to %d are read".formatted(chain.length, CHAIN_MAX));
    }
    return switch (roots) {
      case Roots.Known(Anchor anchor) -> anchor;
      case Roots.Pinned(Fingerprint fingerprint) -> pinnedAnchor(chain, fingerprint);
    };
  }

  private static Anchor pinnedAnchor(X509Certificate[] chain, Fingerprint fingerprint)
      throws CertificateException {
    for (X509Certificate certificate : chain) {
      if (Fingerprint.of(certificate).equals(fingerprint)) {
        try {
          certificate.verify(certificate.getPublicKey());
          certificate.checkValidity();
          return anchor(certificate, CertificateAuthority.trustDomainOf(certificate));
        } catch (GeneralSecurityException | IOException notRoot) {
          throw new CertificateException("the pinned certificate is no usable root", notRoot);
        }
      }
    }
    throw new CertificateException("peer presented no root with the pinned fingerprint");
  }

  private void checkName(X509Certificate leaf, Anchor anchor) throws CertificateException {
    SpiffeId id = SpiffeId.of(leaf);
    if (id.kind() != kind || !id.trustDomain().equals(anchor.trustDomain())) {
      throw new CertificateException(
          "peer is %s, expected a %s of %s".formatted(id, kind, anchor.trustDomain()));
    }
  }

  private void checkRevocation(X509Certificate[] chain, Anchor anchor) throws CertificateException {
    if (revocations.isEmpty()) {
      return;
    }
    Revocations known = revocations.get();
    try {
      known.source().current().check(chain, anchor.root(), known.clock().instant());
    } catch (RevocationRefused refused) {
      known.refusals().accept(refused);
      throw new CertificateException(refused.getMessage(), refused);
    }
  }

  private static Anchor anchor(X509Certificate root, String trustDomain) {
    SpiffeId.checkTrustDomain(trustDomain);
    try {
      PKIXBuilderParameters parameters =
          new PKIXBuilderParameters(Set.of(new TrustAnchor(root, null)), new X509CertSelector());
      // Revocation is checked by checkRevocation, which knows the newest list.
      parameters.setRevocationEnabled(false);
      TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
      factory.init(new CertPathTrustManagerParameters(parameters));
      for (TrustManager manager : List.of(factory.getTrustManagers())) {
        if (manager instanceof X509TrustManager pkix) {
          return new Anchor(root, pkix, trustDomain);
        }
      }
    } catch (GeneralSecurityException absent) {
      throw new IllegalStateException("every JDK has a PKIX trust manager", absent);
    }
    throw new IllegalStateException("the JDK offers no X.509 trust manager");
  }
}
