package org.consilium.security.roster;

/** A motion, a signature or a roster is not accepted; nothing was changed. */
public final class RosterRefused extends Exception {
  private static final long serialVersionUID = 1L;

  /** Why, for programs. */
  public enum Why {
    /** The bytes are not a motion or a roster. */
    MALFORMED,
    /** Another consortium's, too old, or for too long. */
    STALE,
    /** The signer is nobody of the roster, or has no role for this. */
    NOT_ALLOWED,
    /** The signature does not verify under the person's key. */
    BAD_SIGNATURE,
    /** The same person, key or contact signed before: it takes two. */
    SAME_PERSON,
    /** The roster does not allow it, for example a site that is there already. */
    CONFLICT,
    /** A roster that does not continue the one that is known. */
    FORK,
    /** An older roster than the one that is known. */
    ROLLED_BACK
  }

  private final Why why;

  RosterRefused(Why why, String detail) {
    super(detail);
    this.why = why;
  }

  /** Why. */
  public Why why() {
    return why;
  }
}
