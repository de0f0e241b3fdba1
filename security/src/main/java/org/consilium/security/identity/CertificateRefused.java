package org.consilium.security.identity;

/** The authority, or a reader of a certificate request, says no; nothing was issued. */
public final class CertificateRefused extends Exception {
  private static final long serialVersionUID = 1L;

  /** Why, as a metric label. */
  public enum Reason {
    /** The request is over 16 KiB. */
    TOO_LARGE,
    /** The request is not PKCS#10 in DER. */
    MALFORMED,
    /** Not the key type of the profile: ECDSA for TLS, Ed25519 for signing. RSA is never taken. */
    KEY_TYPE,
    /** An elliptic curve other than P-256 and P-384. */
    CURVE,
    /** The request is not signed by the key it asks a certificate for. */
    PROOF_OF_POSSESSION,
    /** The name is of another trust domain, or not of the profile's kind. */
    IDENTITY,
    /** A lifetime or address the profile does not allow. */
    TERMS,
    /** The issuing certificate has expired. */
    ISSUER_EXPIRED
  }

  private final Reason reason;

  CertificateRefused(Reason reason, String detail) {
    super("certificate request refused: " + detail);
    this.reason = reason;
  }

  /** Why. */
  public Reason reason() {
    return reason;
  }
}
