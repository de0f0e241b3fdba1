package org.consilium.coordinator.consortium;

import org.consilium.security.roster.RosterRefused;

/** A request about membership that is not granted; nothing was changed. */
public final class MembershipRefused extends Exception {
  private static final long serialVersionUID = 1L;

  /** Why, for programs. */
  public enum Why {
    /** No such site, or no such request. */
    NOT_FOUND,
    /** The token was spent before. */
    TOKEN_SPENT,
    /** The token is not one that was given out, or is for another site. */
    TOKEN_UNKNOWN,
    TOKEN_EXPIRED,
    /** A certificate request is malformed, unproven, or for a key that another site has. */
    BAD_REQUEST,
    /** What was typed is not the fingerprint of the waiting request. */
    FINGERPRINT,
    /** The site's state, or the roster, does not allow it. */
    WRONG_STATE,
    /** The site is not on the roster: a second person has to approve it first. */
    NOT_ON_ROSTER,
    /** A person signed twice, or approves what they began: it takes two. */
    SAME_PERSON,
    /** Nobody of the roster signed, or somebody without a role for it. */
    NOT_ALLOWED,
    /** A signature does not verify. */
    BAD_SIGNATURE,
    /** A motion of another consortium, or one whose time is over. */
    STALE,
    /** Too many refusals in a minute. */
    TOO_MANY
  }

  private final Why why;

  public MembershipRefused(Why why, String message) {
    super(message);
    this.why = why;
  }

  /** What the rules of the roster refused. */
  public static MembershipRefused of(RosterRefused refused) {
    Why why =
        switch (refused.why()) {
          case MALFORMED, FORK, ROLLED_BACK -> Why.BAD_REQUEST;
          case STALE -> Why.STALE;
          case NOT_ALLOWED -> Why.NOT_ALLOWED;
          case BAD_SIGNATURE -> Why.BAD_SIGNATURE;
          case SAME_PERSON -> Why.SAME_PERSON;
          case CONFLICT -> Why.WRONG_STATE;
        };
    return new MembershipRefused(why, String.valueOf(refused.getMessage()));
  }

  /** Why. */
  public Why why() {
    return why;
  }
}
