package org.consilium.sim.virtual.part;

import java.util.List;
import org.consilium.coordinator.intake.Intake;
import org.consilium.coordinator.round.Reply;
import org.consilium.coordinator.validation.ReportDesk;

/** Answers in words that are the same whenever a run is: no digests of random bytes. */
final class Words {
  private Words() {}

  static String of(Object answer) {
    return switch (answer) {
      case Intake.Accepted(_, boolean duplicate) -> duplicate ? "accepted before" : "accepted";
      case Intake.Rejected(Intake.Why why, _) -> "refused, " + why;
      case Intake.Progress _ -> "begun";
      case Reply.Done(boolean duplicate) -> duplicate ? "so already" : "done";
      case Reply.Refused _ -> "refused";
      case ReportDesk.Filed(boolean duplicate) -> duplicate ? "filed before" : "filed";
      case ReportDesk.Rejected(ReportDesk.Why why, _) -> "refused, " + why;
      case List<?> list -> list.size() + " messages";
      case byte[] bytes -> bytes.length + " bytes";
      case String words -> words;
      default -> answer.getClass().getSimpleName();
    };
  }
}
