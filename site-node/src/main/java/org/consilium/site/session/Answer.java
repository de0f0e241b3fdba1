package org.consilium.site.session;

import java.util.Optional;
import org.consilium.protocol.Digest;
import org.consilium.protocol.StudyId;
import org.consilium.site.policy.Why;

/** What a site says on its stream. */
public sealed interface Answer {
  /**
   * The hospital's decision about a proposal.
   *
   * @param digest of the plan that was decided on
   * @param refusal empty when the site takes part
   * @param samples training examples; 0 when refused
   */
  record Decision(StudyId study, Digest digest, Optional<Why> refusal, int samples)
      implements Answer {}

  /** How a task stands. */
  record Progress(StudyId study, int round, int window, Phase phase, Optional<Why> refusal)
      implements Answer {}

  /** Steps of a task. */
  enum Phase {
    RECEIVED,
    FETCHING,
    TRAINING,
    UPLOADING,
    VALIDATING,
    DONE,
    REFUSED
  }
}
