package org.consilium.site.work;

import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.StudyId;

/** What makes two tasks the same task, however often and late they are given. */
record TaskKey(
    RoundTask.Kind kind, StudyId study, int round, int attempt, int window, ModelVersion model) {
  static TaskKey of(RoundTask task) {
    return new TaskKey(
        task.kind(),
        task.study(),
        task.round(),
        task.attempt(),
        task.window(),
        task.model().version());
  }

  @Override
  public String toString() {
    return "%s %s round %d%s".formatted(kind, study, round, window == 0 ? "" : " window " + window);
  }
}
