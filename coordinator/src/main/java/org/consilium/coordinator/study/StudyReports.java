package org.consilium.coordinator.study;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.consilium.coordinator.round.Reply;
import org.consilium.coordinator.round.Reply.Done;
import org.consilium.coordinator.round.RoundEvent;
import org.consilium.coordinator.round.RoundLoop;
import org.consilium.coordinator.round.RoundState;
import org.consilium.coordinator.round.RoundState.Collecting;
import org.consilium.coordinator.round.RoundState.Validating;
import org.consilium.coordinator.round.RoundState.Watching;
import org.consilium.coordinator.round.StudyEvent.InRound;
import org.consilium.coordinator.round.StudyState;
import org.consilium.coordinator.validation.ReportDesk;
import org.consilium.coordinator.validation.ReportDesk.Expected;
import org.consilium.coordinator.validation.ReportDesk.Filed;
import org.consilium.protocol.RoundId;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.ValidationReport;

/**
 * A study's validation reports, on their way into its journal.
 *
 * @param loop the study's
 */
record StudyReports(RoundLoop loop) {
  /** Files a genuine report. */
  ReportDesk.Outcome file(SiteId site, ValidationReport report) throws IOException {
    List<ReportDesk.Outcome> outcome = new ArrayList<>(1);
    Reply _ =
        loop.ask(
            () -> {
              ReportDesk.Outcome judged = judge(site, report);
              if (judged instanceof ReportDesk.Genuine(ValidationReport genuine)) {
                Done done =
                    loop.record(
                        new InRound(new RoundEvent.ReportAccepted(loop.now(), site, genuine)));
                judged = new Filed(done.duplicate());
              }
              outcome.add(judged);
              return new Done(false);
            });
    return outcome.getFirst();
  }

  private ReportDesk.Outcome judge(SiteId site, ValidationReport report) {
    StudyState state = loop.state();
    Optional<ValidationReport> filed = filed(state, site, report);
    if (filed.isPresent()) {
      return filed.get().equals(report)
          ? new Filed(true)
          : new ReportDesk.Rejected(
              ReportDesk.Why.DIFFERENT_REPORT,
              "report of site %s on round %s: another one was filed before"
                  .formatted(site, report.round()));
    }
    RoundState current = state.current().orElse(null);
    boolean asked =
        (current instanceof Validating v && v.awaits(site))
            || (current instanceof Watching w && w.awaits(site));
    Optional<Expected> expected = asked ? expected(state) : Optional.empty();
    return expected
        .map(e -> ReportDesk.expect(report, e))
        .orElseGet(
            () ->
                new ReportDesk.Rejected(
                    ReportDesk.Why.WRONG_ROUND,
                    "report of site %s on round %s, window %d: none is asked of it now"
                        .formatted(site, report.round(), report.window())));
  }

  private Optional<Expected> expected(StudyState state) {
    return switch (state.current().orElseThrow()) {
      case Validating v ->
          Optional.of(
              new Expected(
                  new RoundId(loop.state().plan().study(), v.opening().number()),
                  0,
                  v.model().version()));
      case Watching w ->
          Optional.of(
              new Expected(
                  new RoundId(loop.state().plan().study(), state.roundsOver()),
                  w.window(),
                  w.model().version()));
      case Collecting _,
          RoundState.Unmasking _,
          RoundState.Aggregating _,
          RoundState.Closed _,
          RoundState.Abandoned _,
          RoundState.Watched _ ->
          Optional.empty();
    };
  }

  private static Optional<ValidationReport> filed(
      StudyState state, SiteId site, ValidationReport report) {
    return state.all().stream()
        .flatMap(r -> Optional.ofNullable(Reports.of(r).get(site)).stream())
        .filter(r -> r.round().equals(report.round()) && r.window() == report.window())
        .findFirst();
  }
}
