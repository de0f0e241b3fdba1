package org.consilium.site.protect;

import java.nio.file.Path;
import java.util.Optional;
import org.consilium.protocol.Exposure;
import org.consilium.protocol.Late;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.StudyPlan;
import org.consilium.security.mask.Masks;

/**
 * What an update answers.
 *
 * @param task a TRAIN task whose signature was verified
 * @param plan the study that the hospital approved
 * @param samples training examples that were used
 * @param minSites fewest participants that the hospital's policy demands
 * @param masks hide the update in a masked study; empty in a sealed one
 * @param spool where the sealed chunks are written; replaced if it exists
 * @param carried where the delta comes from, if it was too late for its own round
 * @param residuals what narrow rounding left over; touched in a study with such an encoding alone
 */
public record Assignment(
    RoundTask task,
    StudyPlan plan,
    int samples,
    int minSites,
    Optional<Masks> masks,
    Path spool,
    Optional<Carried> carried,
    Residuals residuals) {
  /**
   * The earlier round that a delta was trained for.
   *
   * @param round its number
   * @param base the version that it was trained from
   */
  public record Carried(int round, ModelVersion base) {}

  /** Of a delta that was trained for the task itself, in a study that leaves nothing over. */
  public Assignment(
      RoundTask task,
      StudyPlan plan,
      int samples,
      int minSites,
      Optional<Masks> masks,
      Path spool) {
    this(
        task,
        plan,
        samples,
        minSites,
        masks,
        spool,
        Optional.empty(),
        Residuals.in(spool.resolveSibling("left")));
  }

  public Assignment {
    if (task.terms().isEmpty()) {
      throw new IllegalArgumentException("protect: a VALIDATE task has no update");
    }
    boolean masked = plan.protection().exposure() instanceof Exposure.Masked;
    if (masked != masks.isPresent()) {
      throw new IllegalArgumentException(
          "protect: masks belong to a masked study, and to no other");
    }
    if (carried.isPresent() && !(plan.participation().late() instanceof Late.Carry)) {
      throw new IllegalArgumentException("protect: the study carries no late updates");
    }
  }

  RoundTask.Terms terms() {
    return task.terms().orElseThrow();
  }
}
