package org.consilium.security.mask;

import java.util.Optional;
import org.consilium.security.identity.Fingerprint;

/**
 * The one set of survivors that a site has signed in a round of a study, over all attempts. Two
 * different sets would let a coordinator subtract two sums and read a single site; since every site
 * signs one at most, two can never both have t signatures. The caller keeps one pledge for each
 * (study, round) and stores it durably before it signs.
 *
 * @param context of the attempt in which it was signed
 * @param survivors H(U3, roots), {@link MaskTerms#survivorsDigest}
 */
public record Pledge(Fingerprint context, Fingerprint survivors) {

  /** What the rule says to a request for a signature. */
  public sealed interface Judgement {
    /** The first in this round: store the pledge, then sign. */
    record Sign(Pledge pledge) implements Judgement {}

    /** The very same again: sign again, the same bytes. */
    record SignAgain(Pledge pledge) implements Judgement {}

    /**
     * Another set or another attempt: never sign. If the first set can no longer be completed, the
     * delta is burnt: it goes into no sum any more, and the site trains afresh in a later round.
     *
     * @param earlier what was signed
     * @param asked what was asked for now
     */
    record Refuse(Pledge earlier, Pledge asked) implements Judgement {
      /** What to tell people. */
      public String detail() {
        return earlier.context.equals(asked.context)
            ? "sign survivors: %s was signed in this attempt, not %s"
                .formatted(earlier.survivors, asked.survivors)
            : "sign survivors: this round's delta was promised to another attempt and is burnt";
      }
    }
  }

  /**
   * Whether a site may sign.
   *
   * @param earlier what it signed in this round of this study, in any attempt
   */
  public static Judgement judge(
      Optional<Pledge> earlier, Fingerprint context, Fingerprint survivors) {
    Pledge asked = new Pledge(context, survivors);
    return earlier
        .<Judgement>map(
            signed ->
                signed.equals(asked)
                    ? new Judgement.SignAgain(signed)
                    : new Judgement.Refuse(signed, asked))
        .orElseGet(() -> new Judgement.Sign(asked));
  }

  /**
   * Whether a site may send a vector in an attempt: only while it has signed nothing in the round,
   * or in that same attempt.
   */
  public static boolean mayMask(Optional<Pledge> earlier, Fingerprint context) {
    return earlier.map(signed -> signed.context.equals(context)).orElse(true);
  }
}
