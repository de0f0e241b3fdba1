package org.consilium.coordinator.study;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.consilium.coordinator.round.RoundState;
import org.consilium.coordinator.round.StudyState;
import org.consilium.coordinator.round.StudyState.Published;
import org.consilium.protocol.ModelVersion;

/** Which published versions stay on disk: those that anyone may still ask for. */
final class KeptModels {
  /** Latest versions that are kept besides the first and the best. */
  private static final int LATEST = 3;

  private KeptModels() {}

  static Set<ModelVersion> of(StudyState state) {
    Set<ModelVersion> kept = new HashSet<>();
    List<Published> models = state.models();
    kept.add(models.getFirst().model().version());
    models
        .subList(Math.max(0, models.size() - LATEST), models.size())
        .forEach(m -> kept.add(m.model().version()));
    kept.add(state.released().model().version());
    state
        .current()
        .ifPresent(
            r -> {
              if (r instanceof RoundState.Watching w) {
                kept.add(w.model().version());
              }
            });
    return kept;
  }
}
