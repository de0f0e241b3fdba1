package org.consilium.coordinator.round;

import org.consilium.coordinator.round.RoundEvent.ModelPublished;
import org.consilium.coordinator.round.RoundEvent.ReportAccepted;
import org.consilium.coordinator.round.RoundEvent.UpdateAccepted;
import org.consilium.coordinator.round.RoundState.Collecting;
import org.consilium.coordinator.round.StudyEvent.InRound;
import org.consilium.coordinator.round.StudyEvent.RoundOpened;
import org.consilium.protocol.fault.FailPoint;

/** The fail-points right behind an entry of the journal: it is committed, and nobody was told. */
final class JournaledPoints {
  private JournaledPoints() {}

  /**
   * An event is in the journal.
   *
   * @param after the state that it makes
   */
  static void reach(StudyEvent event, StudyState after) {
    switch (event) {
      case RoundOpened _ -> FailPoint.ROUND_OPENED.reach();
      case InRound(MaskEvent.MaskTaken taken) -> mask(taken);
      case InRound(UpdateAccepted _) -> {
        FailPoint.UPDATE_JOURNALED.reach();
        if (!(after.current().orElse(null) instanceof Collecting)) {
          FailPoint.LAST_UPDATE_JOURNALED.reach();
        }
      }
      case InRound(ModelPublished _) -> FailPoint.MODEL_JOURNALED.reach();
      case InRound(ReportAccepted _) -> FailPoint.REPORT_JOURNALED.reach();
      case InRound _,
          StudyEvent.Created _,
          StudyEvent.Decided _,
          StudyEvent.Started _,
          StudyEvent.Paused _,
          StudyEvent.Resumed _,
          StudyEvent.WindowOpened _,
          StudyEvent.UpdateLate _,
          StudyEvent.Ended _ -> {}
    }
  }

  private static void mask(MaskEvent.MaskTaken taken) {
    switch (taken.kind()) {
      case KEYS -> FailPoint.KEYS_JOURNALED.reach();
      case PARCELS -> FailPoint.PARCELS_JOURNALED.reach();
      case CONSENT -> FailPoint.CONSENT_JOURNALED.reach();
      case RELEASE -> FailPoint.RELEASE_JOURNALED.reach();
      case COMPLAINT -> {}
    }
  }
}
