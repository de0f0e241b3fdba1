package org.consilium.site.validate;

import java.nio.file.Path;
import org.consilium.protocol.RoundId;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.StudyPlan;
import org.consilium.site.cohort.CohortSource;

/**
 * One model version to judge.
 *
 * @param task a VALIDATE task whose signature was verified
 * @param plan the study
 * @param model safetensors file of the version
 * @param cohort local cases
 * @param studyFolder where what belongs to this study alone is kept
 */
public record ValidationJob(
    RoundTask task, StudyPlan plan, Path model, CohortSource cohort, Path studyFolder) {
  RoundId round() {
    return new RoundId(task.study(), task.round());
  }
}
