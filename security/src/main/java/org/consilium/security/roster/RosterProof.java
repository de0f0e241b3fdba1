package org.consilium.security.roster;

import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import org.consilium.security.identity.SpiffeId;
import org.consilium.security.roster.RosterRefused.Why;
import org.consilium.security.sign.ChainCheck;
import org.consilium.security.sign.ChainRefused;
import org.consilium.security.sign.VerifyingKey;

/**
 * A roster as it travels: every decision from the founding on, and the authority's word for the
 * newest version. Nothing in it is believed before {@link #verify}.
 *
 * @param decisions encoded, oldest first
 * @param head encoded {@link RosterHead}
 * @param headSignature by the authority's signing key
 * @param headChain DER, leaf first
 */
@SuppressWarnings("ArrayRecordComponent") // passed through, never compared
public record RosterProof(
    List<byte[]> decisions, byte[] head, byte[] headSignature, List<byte[]> headChain) {
  /** How long the authority's statement of the newest version counts. */
  public static final Duration AGE_MAX = Duration.ofDays(7);

  private static final Duration SKEW_MAX = Duration.ofMinutes(5);

  /** Copies the lists. */
  public RosterProof {
    decisions = List.copyOf(decisions);
    headChain = List.copyOf(headChain);
  }

  /**
   * The roster's history, once all signatures of persons and the authority's are right and it ends
   * where the authority says.
   *
   * @param root of the consortium
   */
  public RosterHistory verify(X509Certificate root, String trustDomain, InstantSource clock)
      throws RosterRefused {
    RosterHead said = RosterHead.decode(head);
    try {
      List<X509Certificate> chain = ChainCheck.parse(headChain);
      var _ =
          new ChainCheck(root, trustDomain, clock).verify(chain, SpiffeId.Kind.AUTHORITY_SIGNING);
      if (!VerifyingKey.of(chain.getFirst()).verify(RosterHead.LABEL, head, headSignature)) {
        throw new RosterRefused(
            Why.BAD_SIGNATURE, "roster %d: not signed by the authority".formatted(said.version()));
      }
    } catch (ChainRefused | IllegalArgumentException stranger) {
      throw new RosterRefused(
          Why.BAD_SIGNATURE,
          "roster %d: the signer is not the authority: %s"
              .formatted(said.version(), stranger.getMessage()));
    }
    checkAge(said, clock.instant());
    RosterHistory history = RosterHistory.of(decisions);
    Roster roster = history.roster();
    if (!said.trustDomain().equals(trustDomain)
        || !roster.trustDomain().equals(trustDomain)
        || roster.version() != said.version()
        || !roster.digest().equals(said.digest())) {
      throw new RosterRefused(
          Why.FORK,
          "roster %d of %s is shown, the authority says %d of %s"
              .formatted(
                  roster.version(), roster.trustDomain(), said.version(), said.trustDomain()));
    }
    return history;
  }

  /** An old statement cannot hide for long who was removed since. */
  private static void checkAge(RosterHead said, Instant now) throws RosterRefused {
    if (said.time().isBefore(now.minus(AGE_MAX)) || said.time().isAfter(now.plus(SKEW_MAX))) {
      throw new RosterRefused(
          Why.STALE,
          "roster %d: the authority said so at %s, at most %d days ago and not in the future; now"
                  .formatted(said.version(), said.time(), AGE_MAX.toDays())
              + " is "
              + now);
    }
  }
}
