package org.consilium.coordinator.study;

import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.consilium.coordinator.registry.ModelRegistry;
import org.consilium.coordinator.round.RoundState;
import org.consilium.coordinator.round.StudyMachine;
import org.consilium.coordinator.round.StudyState;
import org.consilium.coordinator.round.StudyState.Published;
import org.consilium.protocol.ModelVersion;

/** Which versions of a study's model stay on disk: the few that anyone still asks for. */
final class KeptVersions {
  /** Latest versions that are kept besides the first and the best. */
  private static final int MODELS_KEPT = 3;

  private KeptVersions() {}

  static void tidy(ModelRegistry models, StudyState after) throws IOException {
    Set<ModelVersion> kept = kept(after);
    for (Published model : after.models()) {
      if (model.round() != after.latest().round() || StudyMachine.over(after)) {
        models.dropMoments(model.model().version(), model.moments().size());
      }
      if (!kept.contains(model.model().version())) {
        models.drop(model.model().version());
      }
    }
  }

  private static Set<ModelVersion> kept(StudyState state) {
    Set<ModelVersion> kept = new HashSet<>();
    List<Published> models = state.models();
    kept.add(models.getFirst().model().version());
    models
        .subList(Math.max(0, models.size() - MODELS_KEPT), models.size())
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
