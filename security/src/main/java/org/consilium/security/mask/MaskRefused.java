package org.consilium.security.mask;

/** What another site sent does not do for masking; the message names the step and the numbers. */
public final class MaskRefused extends Exception {
  private static final long serialVersionUID = 1L;

  private final Why why;

  /** What is wrong with it. */
  public enum Why {
    /** Fewer shares than the threshold. */
    TOO_FEW_SHARES,
    /** A share's x is not 1 to 255; at 0 would stand the secret itself. */
    SHARE_PLACE,
    /** Two shares have the same x. */
    SHARE_TWICE,
    /** A share is not as long as the secret. */
    SHARE_LENGTH,
    /** More shares than the threshold, and no one polynomial goes through all of them. */
    SHARES_DISAGREE,
    /** Not an X-Wing public key, or one with an X25519 half of low order. */
    PUBLIC_KEY,
    /** Not an X-Wing ciphertext, or one with an X25519 half of low order. */
    CIPHERTEXT,
    /** A rebuilt secret gives another public key than the one its owner signed. */
    OTHER_KEY
  }

  MaskRefused(Why why, String detail) {
    super(detail);
    this.why = why;
  }

  /** What is wrong. */
  public Why why() {
    return why;
  }
}
