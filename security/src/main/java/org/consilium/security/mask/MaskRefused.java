package org.consilium.security.mask;

import java.util.OptionalInt;

/**
 * What a site or the coordinator sent does not do for masking; the message names the step, the site
 * and the numbers, never a secret.
 */
public final class MaskRefused extends Exception {
  private static final long serialVersionUID = 1L;

  private static final int NOBODY = Integer.MIN_VALUE; // a stranger's number can be negative

  private final Why why;
  private final int site;

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
    OTHER_KEY,
    /** A site number outside the attempt's, or of a site that is not in the set at hand. */
    UNKNOWN_SITE,
    /** A set of sites is smaller than the terms allow. */
    TOO_FEW_SITES,
    /** What this site itself had sent comes back altered, or not at all. */
    OWN_CHANGED,
    /** Two public keys of an attempt are the same. */
    KEY_TWICE,
    /** An envelope does not open, or holds no shares. */
    ENVELOPE,
    /** A share is not the one that its dealer committed to. */
    COMMITMENT,
    /** A step comes before the one that it rests on. */
    OUT_OF_ORDER,
    /** A step comes again with another set than the first time: one set for a context, ever. */
    OTHER_SET,
    /** A survivor is not among those who shared their secrets. */
    SURVIVOR_NOT_SHARED,
    /** A share of the wrong secret: a survivor's pair key, or a dropped site's self mask. */
    SHARE_KIND,
    /** A sum or a count of it that no legal vectors have. */
    IMPLAUSIBLE_SUM
  }

  MaskRefused(Why why, String detail) {
    this(why, NOBODY, detail);
  }

  MaskRefused(Why why, int site, String detail) {
    super(detail);
    this.why = why;
    this.site = site;
  }

  /** What is wrong. */
  public Why why() {
    return why;
  }

  /** The number of the site at fault, where it is one site's. */
  public OptionalInt site() {
    return site == NOBODY ? OptionalInt.empty() : OptionalInt.of(site);
  }
}
