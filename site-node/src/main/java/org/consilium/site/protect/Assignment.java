package org.consilium.site.protect;

import java.nio.file.Path;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.StudyPlan;

/**
 * What an update answers.
 *
 * @param task a TRAIN task whose signature was verified
 * @param plan the study that the hospital approved
 * @param samples training examples that were used
 * @param minSites fewest participants that the hospital's policy demands
 * @param spool where the sealed chunks are written; replaced if it exists
 */
public record Assignment(RoundTask task, StudyPlan plan, int samples, int minSites, Path spool) {
  public Assignment {
    if (task.terms().isEmpty()) {
      throw new IllegalArgumentException("protect: a VALIDATE task has no update");
    }
  }

  RoundTask.Terms terms() {
    return task.terms().orElseThrow();
  }
}
