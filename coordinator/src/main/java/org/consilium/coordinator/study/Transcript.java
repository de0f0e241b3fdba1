package org.consilium.coordinator.study;

import java.io.IOException;
import java.util.Optional;
import org.consilium.coordinator.aggregate.RoundBroken;
import org.consilium.coordinator.registry.ModelRegistry;
import org.consilium.coordinator.round.RoundEffects.Made;
import org.consilium.coordinator.round.RoundState.Aggregating;
import org.consilium.coordinator.round.StudyState;

/**
 * What a coordinator kept of a study's rounds, from which their versions can be made again. Sealed
 * updates are one kind; a mode in which nobody holds single updates brings its own.
 */
interface Transcript {
  /** What of a round is not kept; empty when it can be done again. */
  Optional<String> missing(Aggregating round) throws IOException;

  /**
   * Makes the round's version into {@code scratch}, where the version that it starts from is.
   *
   * @param state the study's just before the version was published
   * @throws RoundBroken if what was kept no longer opens
   */
  Made again(ModelRegistry scratch, StudyState state, Aggregating round)
      throws RoundBroken, IOException;
}
