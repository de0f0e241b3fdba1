package org.consilium.security.identity;

import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.x509.KeyPurposeId;

/** The profiles of certificate the consortium issues: key type, purpose, lifetime. */
public enum Leaf {
  /** The coordinator's TLS server: ECDSA, serverAuth, 7 days, with its DNS names and addresses. */
  COORDINATOR_TLS(SpiffeId.Kind.COORDINATOR, Purposes.SERVER, Duration.ofDays(7)),
  /** A site's TLS client: ECDSA, clientAuth; 24 hours unless the issuer says otherwise. */
  SITE_TLS(SpiffeId.Kind.SITE_NODE, Purposes.CLIENT, Duration.ofHours(24)),
  /** A site's messages: Ed25519, private purpose, 90 days. */
  SITE_SIGNING(SpiffeId.Kind.SITE_SIGNING, Purposes.SIGNING, Duration.ofDays(90)),
  /** The coordinator's messages: Ed25519, private purpose, 90 days. */
  COORDINATOR_SIGNING(SpiffeId.Kind.COORDINATOR_SIGNING, Purposes.SIGNING, Duration.ofDays(90)),
  /** The coordinator towards the authority: ECDSA, clientAuth, 90 days; the first by hand. */
  COORDINATOR_RELAY(SpiffeId.Kind.COORDINATOR_RELAY, Purposes.CLIENT, Duration.ofDays(90)),
  /** The authority's TLS server: ECDSA, serverAuth, 7 days. */
  AUTHORITY_TLS(SpiffeId.Kind.AUTHORITY, Purposes.SERVER, Duration.ofDays(7)),
  /** The authority's statements about the roster: Ed25519, private purpose, 90 days. */
  AUTHORITY_SIGNING(SpiffeId.Kind.AUTHORITY_SIGNING, Purposes.SIGNING, Duration.ofDays(90)),
  /**
   * A study's aggregator: Ed25519, and the SHA-256 of its X-Wing public key in an extension. It is
   * made once, with the study, and has to last as long: two years, or as long as the issuer.
   */
  AGGREGATION(SpiffeId.Kind.AGGREGATOR, Purposes.AGGREGATION, Duration.ofDays(730));

  /** RFC 5280's two, and private ones under 2.25 (a UUID is its own registration, ITU-T X.667). */
  private static final class Purposes {
    static final String SERVER = "1.3.6.1.5.5.7.3.1";
    static final String CLIENT = "1.3.6.1.5.5.7.3.2";
    static final String SIGNING = "2.25.102968617313195445676497220363832821489";
    static final String AGGREGATION = "2.25.147457739779523608629378528319937703501";
  }

  /** Extension that holds the SHA-256 of an X-Wing public key, as a bare OCTET STRING. */
  static final ASN1ObjectIdentifier SEALING_KEY =
      new ASN1ObjectIdentifier("2.25.182715250922665095831612648143101795701");

  private final SpiffeId.Kind kind;
  private final String purposeOid;
  private final Duration validity;

  Leaf(SpiffeId.Kind kind, String purposeOid, Duration validity) {
    this.kind = kind;
    this.purposeOid = purposeOid;
    this.validity = validity;
  }

  /**
   * A profile with what differs from certificate to certificate.
   *
   * @param validity counted from now; for {@link #SITE_TLS} 1 minute to 7 days, else at most the
   *     profile's own
   * @param hosts DNS names and IP addresses; only for {@link #COORDINATOR_TLS}
   * @param sealingKey SHA-256 of the X-Wing public key; needed by {@link #AGGREGATION} alone
   */
  public record Terms(
      Leaf leaf, Duration validity, List<String> hosts, Optional<Fingerprint> sealingKey) {
    /** Copies the hosts. */
    public Terms {
      hosts = List.copyOf(hosts);
    }

    /** The same with another lifetime. */
    public Terms withValidity(Duration other) {
      return new Terms(leaf, other, hosts, sealingKey);
    }

    /** The same with DNS names and IP addresses. */
    public Terms withHosts(List<String> others) {
      return new Terms(leaf, validity, others, sealingKey);
    }

    /** The same with the digest of an X-Wing public key. */
    public Terms withSealingKey(Fingerprint digest) {
      return new Terms(leaf, validity, hosts, Optional.of(digest));
    }
  }

  /** The profile's own terms. */
  public Terms terms() {
    return new Terms(this, validity, List.of(), Optional.empty());
  }

  /** The kind of name this profile is for. */
  public SpiffeId.Kind kind() {
    return kind;
  }

  /** The profile of a kind of name. */
  public static Leaf of(SpiffeId.Kind kind) {
    for (Leaf leaf : values()) {
      if (leaf.kind == kind) {
        return leaf;
      }
    }
    throw new IllegalStateException("no profile for " + kind);
  }

  /** The object identifier of the profile's extended key usage. */
  public String purposeOid() {
    return purposeOid;
  }

  /** The X-Wing key digest that an aggregation certificate carries. */
  public static Optional<Fingerprint> sealingKey(X509Certificate certificate)
      throws CertificateException {
    byte[] extension = certificate.getExtensionValue(SEALING_KEY.getId());
    if (extension == null) {
      return Optional.empty();
    }
    try {
      byte[] inner = ASN1OctetString.getInstance(extension).getOctets();
      return Optional.of(new Fingerprint(ASN1OctetString.getInstance(inner).getOctets()));
    } catch (IllegalArgumentException malformed) {
      throw new CertificateException("sealing key extension is malformed", malformed);
    }
  }

  KeyPurposeId purpose() {
    return KeyPurposeId.getInstance(new ASN1ObjectIdentifier(purposeOid));
  }

  Duration validity() {
    return validity;
  }

  public boolean tls() {
    return switch (this) {
      case COORDINATOR_TLS, SITE_TLS, COORDINATOR_RELAY, AUTHORITY_TLS -> true;
      case SITE_SIGNING, COORDINATOR_SIGNING, AUTHORITY_SIGNING, AGGREGATION -> false;
    };
  }
}
