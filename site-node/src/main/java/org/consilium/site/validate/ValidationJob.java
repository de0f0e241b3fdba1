package org.consilium.site.validate;

import java.nio.file.Path;
import java.util.Optional;
import org.consilium.protocol.RoundId;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.StudyPlan;
import org.consilium.site.cohort.CohortSource;
import org.consilium.site.train.Lesson;

/**
 * One model version to judge.
 *
 * @param task a VALIDATE task whose signature was verified
 * @param plan the study
 * @param model safetensors file of the version
 * @param foundation safetensors file that the plan starts from; absent as in the plan
 * @param cohort local cases
 * @param studyFolder where what belongs to this study alone is kept
 */
public record ValidationJob(
    RoundTask task,
    StudyPlan plan,
    Path model,
    Optional<Path> foundation,
    CohortSource cohort,
    Path studyFolder) {
  Lesson lesson() {
    return new Lesson(plan, cohort);
  }

  RoundId round() {
    return new RoundId(task.study(), task.round());
  }
}
