package org.consilium.coordinator.study;

import java.io.IOException;
import java.util.Optional;
import org.consilium.coordinator.aggregate.RoundBroken;
import org.consilium.coordinator.intake.Spool;
import org.consilium.coordinator.registry.ModelRegistry;
import org.consilium.coordinator.round.RoundEffects.Made;
import org.consilium.coordinator.round.RoundEvent.Accepted;
import org.consilium.coordinator.round.RoundState.Aggregating;
import org.consilium.coordinator.round.StudyState;
import org.consilium.protocol.RoundId;

/**
 * The spooled updates of a study and the key that opens them; of a masked one also what its sites
 * said, from which the masks of the sum follow.
 *
 * @param effects of the study, with its key; makes a version as it did the first time
 */
record SpooledTranscript(StudyEffects effects, Spool spool) implements Transcript {
  @Override
  public Optional<String> missing(Aggregating round) throws IOException {
    if (effects.plan().protection().central().isPresent()) {
      return Optional.of(
          "its noise was drawn anew and kept nowhere: a round with central noise cannot be done"
              + " again");
    }
    for (Accepted update : round.accepted().values()) {
      RoundId id = new RoundId(effects.study(), round.opening().number());
      Spool.Place place = new Spool.Place(id, round.opening().attempt(), update.site());
      if (spool.manifest(place, update.upload()).isEmpty()) {
        return Optional.of("the update of site %s was not kept".formatted(update.site()));
      }
    }
    return Optional.empty();
  }

  @Override
  public Made again(ModelRegistry scratch, StudyState state, Aggregating round)
      throws RoundBroken, IOException {
    return effects.again(scratch, state, round);
  }
}
