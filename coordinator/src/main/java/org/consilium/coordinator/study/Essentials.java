package org.consilium.coordinator.study;

import java.util.ArrayList;
import java.util.List;
import org.consilium.coordinator.registry.ModelRegistry;
import org.consilium.coordinator.round.StudyMachine;
import org.consilium.coordinator.round.StudyState;
import org.consilium.coordinator.round.StudyState.Published;
import org.consilium.protocol.ModelVersion;

/** The files of the state folder without which a study cannot go on. */
final class Essentials {
  private static final String MODELS = "models/";

  private Essentials() {}

  /** Their names in the folder, with slashes; none of a study that is over. */
  static List<String> of(StudyState state) {
    List<String> names = new ArrayList<>();
    if (!StudyMachine.over(state)) {
      Published latest = state.latest();
      ModelVersion version = latest.model().version();
      names.add(AggregationKeys.fileName(state.plan().study()));
      names.add(MODELS + ModelRegistry.fileName(version));
      for (int m = 0; m < latest.moments().size(); m++) {
        names.add(MODELS + ModelRegistry.momentName(version, m));
      }
    }
    return names;
  }
}
