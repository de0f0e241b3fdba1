package org.consilium.security.witness;

import java.util.Optional;
import org.consilium.security.identity.Fingerprint;

/**
 * Who did something, and what other records call it.
 *
 * @param actor path of a name in the trust domain, such as {@code site/north}; never empty
 * @param role as what it was done, such as {@code site-node}
 * @param context digest of the round's context that it is bound to
 * @param subject digest of the thing itself, by which other ledgers and files name it: an update's
 *     manifest, a model version, a study's plan
 */
public record Attribution(
    String actor, String role, Optional<Fingerprint> context, Optional<Fingerprint> subject) {
  /** Longest name of an actor. */
  public static final int ACTOR_CHARS_MAX = 200;

  /** Longest role. */
  public static final int ROLE_CHARS_MAX = 40;

  /** Refuses an act without an actor or a role, and control characters in either. */
  public Attribution {
    check("actor", actor, ACTOR_CHARS_MAX);
    check("role", role, ROLE_CHARS_MAX);
  }

  /** An act that concerns no round and no thing with a digest. */
  public static Attribution of(String actor, String role) {
    return new Attribution(actor, role, Optional.empty(), Optional.empty());
  }

  /** The same about a thing. */
  public Attribution about(byte[] digest) {
    return new Attribution(actor, role, context, Optional.of(new Fingerprint(digest)));
  }

  /** The same in a round. */
  public Attribution within(byte[] digest) {
    return new Attribution(actor, role, Optional.of(new Fingerprint(digest)), subject);
  }

  private static void check(String what, String text, int most) {
    if (text.isBlank() || text.length() > most || text.chars().anyMatch(Character::isISOControl)) {
      throw new IllegalArgumentException(
          "audit entry: the %s must be 1 to %d characters without control characters"
              .formatted(what, most));
    }
  }
}
