package org.consilium.site.train;

import java.nio.file.Path;
import java.util.Optional;
import org.consilium.protocol.Digest;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;
import org.consilium.site.cohort.CohortSource;

/**
 * One round's training at this site.
 *
 * @param plan the study's settings
 * @param site who trains; part of the seed
 * @param round from 1
 * @param base safetensors file of the round's global parameters
 * @param foundation safetensors file that the plan starts from; absent as in the plan
 * @param layoutDigest digest of names and shapes that the base must have
 * @param cohort local cases
 * @param studyFolder where what belongs to this study alone is kept
 * @param referenceSamples the most training examples of any participant
 */
public record TrainingJob(
    StudyPlan plan,
    SiteId site,
    int round,
    Path base,
    Optional<Path> foundation,
    Digest layoutDigest,
    CohortSource cohort,
    Path studyFolder,
    int referenceSamples) {

  /**
   * The seed of everything that is random in this site's training of the study: SplitMix64 (Steele
   * et al. 2014) of the plan's seed and the site's name, so that sites differ and runs agree. The
   * engine adds the round.
   */
  long seed() {
    long seed = plan.seed();
    for (int i = 0; i < site.value().length(); i++) {
      char c = site.value().charAt(i);
      seed = mix(seed + 0x9e3779b97f4a7c15L + c);
    }
    return seed;
  }

  static long mix(long z) {
    long a = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    long b = (a ^ (a >>> 27)) * 0x94d049bb133111ebL;
    return b ^ (b >>> 31);
  }

  StudyModel model() {
    return new StudyModel(plan, foundation, studyFolder);
  }

  Lesson lesson() {
    return new Lesson(plan, cohort);
  }
}
