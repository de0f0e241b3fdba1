package org.consilium.coordinator.study;

import java.util.Optional;
import org.consilium.coordinator.intake.Intake.Rejected;
import org.consilium.coordinator.intake.Intake.Why;
import org.consilium.coordinator.intake.IntakeTerms;
import org.consilium.coordinator.round.Opening;
import org.consilium.coordinator.round.RoundState;
import org.consilium.coordinator.round.RoundState.Abandoned;
import org.consilium.coordinator.round.StudyState;
import org.consilium.protocol.Late;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.UpdateManifest;

/**
 * Late updates that count in a later round. A delta is in one sum at most, whichever round its site
 * sends it for: the key is study, round it was trained for, site. See docs/adr/0020.
 */
final class Carrying {
  private Carrying() {}

  /** Why a site may not carry a delta into the open round; empty if it may, or carries nothing. */
  static Optional<Rejected> refusal(
      StudyState state, Opening open, SiteId site, UpdateManifest manifest) {
    int origin = manifest.origin();
    if (origin == 0) {
      return Optional.empty();
    }
    if (!(state.plan().participation().late() instanceof Late.Carry carry)) {
      return no(Why.NOT_CARRIED, site, origin, "the study discards late updates");
    }
    int rounds = open.number() - origin;
    if (rounds < 1 || rounds > carry.roundsMax()) {
      return no(
          Why.NOT_CARRIED,
          site,
          origin,
          "it is %d rounds late in round %d, at most %d"
              .formatted(rounds, open.number(), carry.roundsMax()));
    }
    if (opening(state, origin, site).isEmpty()) {
      return no(Why.NOT_CARRIED, site, origin, "the site was not on that round's roster");
    }
    return counted(state, origin, site)
        ? no(Why.COUNTED, site, origin, "the site's update of that round is in a sum already")
        : Optional.empty();
  }

  /** What the update must look like: of a carried one the base and the weight are others. */
  static IntakeTerms terms(
      IntakeTerms terms, StudyState state, Opening open, SiteId site, UpdateManifest manifest) {
    Optional<Opening> origin = opening(state, manifest.origin(), site);
    return origin.isPresent() && state.plan().participation().late() instanceof Late.Carry carry
        ? terms.carrying(
            site,
            origin.get().base().version(),
            carry.weight(terms.weights().getOrDefault(site, 1), open.number() - manifest.origin()))
        : terms;
  }

  private static Optional<Opening> opening(StudyState state, int number, SiteId site) {
    return state.all().stream()
        .flatMap(r -> r.start().stream())
        .filter(o -> o.number() == number && o.member(site).isPresent())
        .findFirst();
  }

  /** An attempt that came to nothing summed nothing. */
  private static boolean counted(StudyState state, int origin, SiteId site) {
    for (RoundState round : state.all()) {
      int number = round.start().map(Opening::number).orElse(0);
      boolean counts =
          !(round instanceof Abandoned)
              && round.updates().values().stream()
                  .anyMatch(u -> u.site().equals(site) && u.trainedFor(number) == origin);
      if (counts) {
        return true;
      }
    }
    return false;
  }

  private static Optional<Rejected> no(Why why, SiteId site, int origin, String detail) {
    return Optional.of(
        new Rejected(
            why, "update of site %s, carried from round %d: %s".formatted(site, origin, detail)));
  }
}
