package org.consilium.site.session;

import java.time.Instant;
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

  /**
   * Whether the hospital's hours let it train for a study now.
   *
   * @param open whether they do
   * @param opens when they do again; empty when open, or when that is not said
   */
  record Hours(StudyId study, boolean open, Optional<Instant> opens) implements Answer {}

  /** What holds until something else is said, and is said again on a new stream: its subject. */
  default Optional<String> standing() {
    return switch (this) {
      case Decision d -> Optional.of("decision/" + d.study());
      case Hours h -> Optional.of("hours/" + h.study());
      case Progress _ -> Optional.empty();
    };
  }

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
