package org.consilium.security.mask;

/**
 * A share that a site gives to the coordinator when the survivors are settled: of each site one
 * kind only, ever.
 *
 * @param kind which secret it is of
 * @param share at x = the releasing site's number + 1
 */
public record ReleasedShare(Kind kind, Shamir.Share share) {
  /** Which of a site's two shared secrets. */
  public enum Kind {
    /** b of a survivor: takes its self mask off the sum. */
    SELF_MASK,
    /** k of a site that dropped out: takes its pair masks off the sum. */
    PAIR_KEY
  }
}
