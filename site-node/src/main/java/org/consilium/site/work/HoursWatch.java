package org.consilium.site.work;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.consilium.protocol.StudyId;
import org.consilium.site.policy.HouseRules.Hours.AtClose;
import org.consilium.site.policy.SitePolicy;
import org.consilium.site.session.Answer;

/**
 * What the coordinator was told of the hospital's hours, for each study: that they are over, and
 * that they have begun again. A study that was never closed is not spoken of.
 */
final class HoursWatch {
  private final Map<StudyId, Answer.Hours> told = new HashMap<>();

  /** Looks at a study's hours; what is to be said of them, if anything. */
  Optional<Answer.Hours> look(Tools tools, Proposal proposal, SitePolicy policy, Bench bench) {
    StudyId study = proposal.plan().study();
    return news(
        study,
        policy.closed(proposal.plan(), proposal.digest(), tools.clock().instant()),
        bench.trains(study));
  }

  /**
   * What is to be said of a study now, if anything.
   *
   * @param trains whether training for it is in work, which a policy may let finish
   */
  Optional<Answer.Hours> news(StudyId study, Optional<SitePolicy.Closed> closed, boolean trains) {
    boolean open = closed.filter(c -> !(trains && c.atClose() == AtClose.FINISH)).isEmpty();
    Answer.Hours now =
        new Answer.Hours(
            study,
            open,
            open
                ? Optional.empty()
                : closed.filter(SitePolicy.Closed::openingSaid).map(SitePolicy.Closed::opens));
    Answer.Hours before = told.getOrDefault(study, new Answer.Hours(study, true, Optional.empty()));
    if (now.equals(before)) {
      return Optional.empty();
    }
    told.put(study, now);
    return Optional.of(now);
  }
}
