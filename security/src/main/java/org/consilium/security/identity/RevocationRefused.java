package org.consilium.security.identity;

/** A peer is refused because of the list of revoked certificates, or because there is none. */
public final class RevocationRefused extends Exception {
  private static final long serialVersionUID = 1L;

  /** Why, as a metric label. */
  public enum Reason {
    /** There is no list. */
    MISSING,
    /** It does not decode, or its signature is not the authority's. */
    BROKEN,
    /** It was replaced by an older one. */
    ROLLED_BACK,
    /** Its time is over, or has not come. */
    STALE,
    /** The peer's certificate is on it, or the list says nothing about its issuer. */
    REVOKED
  }

  private final Reason reason;

  /** With a detail that is safe to log. */
  public RevocationRefused(Reason reason, String detail) {
    super("revocation list: " + detail);
    this.reason = reason;
  }

  /** Why. */
  public Reason reason() {
    return reason;
  }
}
