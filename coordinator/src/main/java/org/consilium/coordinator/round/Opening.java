package org.consilium.coordinator.round;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.consilium.coordinator.round.StudyEvent.Member;
import org.consilium.coordinator.round.StudyEvent.Model;
import org.consilium.protocol.Exposure;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;
import org.consilium.security.mask.MaskTerms;

/**
 * All that is fixed when a round is opened.
 *
 * @param number counted from 1
 * @param attempt counted from 1 within the round
 * @param base the version that deltas start from
 * @param members the roster, sorted by site
 * @param quorum fewest accepted updates for the round to count
 * @param referenceSamples N_ref of the weight rule: the most examples of any member
 * @param scaleExponents for each tensor in layout order, log2 of its largest magnitude
 * @param opened when
 * @param deadline when late updates stop counting
 * @param threshold t of a masked round: shares that rebuild a secret; 0 of a sealed one
 */
public record Opening(
    int number,
    int attempt,
    Model base,
    List<Member> members,
    int quorum,
    int referenceSamples,
    List<Integer> scaleExponents,
    Instant opened,
    Instant deadline,
    int threshold) {
  public Opening {
    members = List.copyOf(members);
    scaleExponents = List.copyOf(scaleExponents);
  }

  /** Which attempt at which round. */
  public RoundEvent.Place place() {
    return new RoundEvent.Place(number, attempt);
  }

  /** t of a round of so many members; 0 of a sealed study. */
  static int threshold(StudyPlan plan, int members) {
    return switch (plan.protection().exposure()) {
      case Exposure.Masked _ -> MaskTerms.threshold(members);
      case Exposure.Sealed _ -> 0;
    };
  }

  /** Whether single updates are hidden from the coordinator. */
  public boolean masked() {
    return threshold > 0;
  }

  /** Fewest updates with which the round can count. */
  public int needed() {
    return Math.max(quorum, threshold);
  }

  /** The roster's entry of a site, if it is on the roster. */
  public Optional<Member> member(SiteId site) {
    return members.stream().filter(m -> m.site().equals(site)).findFirst();
  }

  /** The roster's sites, sorted. */
  public List<SiteId> sites() {
    return members.stream().map(Member::site).toList();
  }

  Opening until(Instant later) {
    return new Opening(
        number,
        attempt,
        base,
        members,
        quorum,
        referenceSamples,
        scaleExponents,
        opened,
        later,
        threshold);
  }
}
