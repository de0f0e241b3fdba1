package org.consilium.coordinator.ops;

import java.util.List;
import org.consilium.coordinator.intake.Intake;
import org.consilium.coordinator.ops.RoundMetrics.Cargo;
import org.consilium.coordinator.ops.RoundMetrics.Direction;
import org.consilium.coordinator.ops.RoundMetrics.Rejection;
import org.consilium.coordinator.ops.RoundMetrics.RoundOutcome;
import org.consilium.coordinator.study.StudyObserver;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyId;

/**
 * Counts what studies report.
 *
 * @param metrics where it is counted
 * @param roundOver told at each end of a round
 * @param halt ends the process after a loop stopped, so that it starts again from the journal
 */
public record StudyMeter(RoundMetrics metrics, Runnable roundOver, Runnable halt)
    implements StudyObserver {
  @Override
  public void known(StudyId study, List<SiteId> sites) {
    metrics.studyCreated(study, sites);
  }

  @Override
  public void accepted(StudyId study, SiteId site, long bytes) {
    metrics.updateReceived(study, site, bytes);
  }

  @Override
  public void refused(StudyId study, SiteId site, Intake.Why why) {
    metrics.updateRejected(study, site, rejection(why));
  }

  @Override
  public void roundEnded(StudyId study, boolean completed, double seconds) {
    metrics.roundEnded(study, completed ? RoundOutcome.COMPLETED : RoundOutcome.ABORTED, seconds);
    roundOver.run();
  }

  @Override
  public void phase(StudyId study, Phase phase, double seconds) {
    metrics.phase(
        study,
        switch (phase) {
          case COLLECT -> RoundMetrics.Phase.COLLECT;
          case AGGREGATE -> RoundMetrics.Phase.AGGREGATE;
          case VALIDATE -> RoundMetrics.Phase.VALIDATE;
        },
        seconds);
  }

  @Override
  public void modelSent(SiteId site, long bytes) {
    metrics.transfer(site, Direction.TO_SITE, Cargo.MODEL, bytes);
  }

  @Override
  public void updateBytes(SiteId site, long bytes) {
    metrics.transfer(site, Direction.FROM_SITE, Cargo.UPDATE, bytes);
  }

  @Override
  public void stopped(StudyId study, Exception cause) {
    halt.run();
  }

  private static Rejection rejection(Intake.Why why) {
    return switch (why) {
      case BAD_SIGNATURE -> Rejection.SIGNATURE;
      case SEAL_BROKEN -> Rejection.DECRYPT;
      case DIFFERENT_UPDATE, REPLAYED -> Rejection.REPLAY;
      case MALFORMED, WRONG_LAYOUT, BAD_CHUNK, INCOMPLETE, BAD_TRAILER -> Rejection.SHAPE;
      case OUT_OF_BOUNDS, NORM_TOO_LARGE, NORM_MISMATCH -> Rejection.NORM;
      case LATE, NOT_CARRIED, COUNTED -> Rejection.LATE;
      case WRONG_ROUND, WRONG_BASE, WRONG_CONTEXT -> Rejection.STALE;
      case DISK_FULL -> Rejection.SIZE;
      case UNKNOWN_SITE, UNKNOWN_STUDY, NOT_A_PARTICIPANT, WRONG_WEIGHT, BUSY, UNKNOWN_UPLOAD ->
          Rejection.POLICY;
    };
  }
}
