package org.consilium.coordinator.study;

import java.util.ArrayList;
import java.util.List;
import org.consilium.coordinator.round.StudyMachine;
import org.consilium.coordinator.round.StudyState;
import org.consilium.coordinator.round.StudyState.Published;

/** The files of the state folder without which a study cannot go on. */
final class Essentials {
  private Essentials() {}

  /** Their names in the folder, with slashes; none of a study that is over. */
  static List<String> of(StudyState state) {
    List<String> names = new ArrayList<>();
    if (!StudyMachine.over(state)) {
      Published latest = state.latest();
      String version = "models/" + latest.model().version(); // as the model registry names it
      names.add(AggregationKeys.fileName(state.plan().study()));
      names.add(version + ".safetensors");
      for (int m = 0; m < latest.moments().size(); m++) {
        names.add("%s.moment%d.safetensors".formatted(version, m));
      }
    }
    return names;
  }
}
