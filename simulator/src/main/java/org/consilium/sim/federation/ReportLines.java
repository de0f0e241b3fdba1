package org.consilium.sim.federation;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.consilium.sim.consortium.StudyView;
import org.consilium.sim.process.Supervisor;
import org.consilium.sim.report.DemoReport;
import org.consilium.sim.report.DemoReport.Score;
import org.consilium.sim.score.TestBench;

/** The parts of a report that follow from what was seen, whoever's cases they are. */
public final class ReportLines {
  private ReportLines() {}

  /** Closed rounds and the open one. */
  public static List<DemoReport.RoundLine> rounds(StudyView end, Timeline timeline) {
    List<DemoReport.RoundLine> lines = new ArrayList<>();
    for (StudyView.Round r : end.rounds()) {
      double total = r.weights().values().stream().mapToInt(Integer::intValue).sum();
      Map<String, Double> weights = new HashMap<>();
      r.weights().forEach((site, weight) -> weights.put(site, weight / total));
      Instant closed = r.closed().orElse(r.opened());
      lines.add(
          new DemoReport.RoundLine(
              r.number(),
              timeline.seconds(r.opened()),
              Duration.between(r.opened(), closed).toMillis() / 1000.0,
              r.weights().size(),
              r.missing(),
              r.version(),
              r.global(),
              r.local(),
              weights,
              r.remarks()));
    }
    return lines;
  }

  /** All runs of all processes. */
  public static List<DemoReport.ProcessLine> processes(
      List<Supervisor.Life> lives, Timeline timeline) {
    List<DemoReport.ProcessLine> lines = new ArrayList<>();
    for (Supervisor.Life life : lives) {
      lines.add(
          new DemoReport.ProcessLine(
              life.role(),
              life.role().equals("site") ? life.name() : "",
              life.pid(),
              timeline.seconds(life.started()),
              life.ended().map(timeline::seconds).orElse(timeline.now()),
              life.peakRssKib(),
              timeline.wasKilled(life.pid())));
    }
    return lines;
  }

  /** A site of the study. */
  public static StudyView.Site site(StudyView end, String id) {
    return end.sites().stream().filter(s -> s.id().equals(id)).findFirst().orElseThrow();
  }

  /**
   * What the detectors said of a site.
   *
   * @param onsetWindow window from which it really degraded; 0 for never
   */
  public static DemoReport.Drift drift(StudyView.Site seen, int onsetWindow) {
    return new DemoReport.Drift(
        seen.verdict(),
        seen.firstAlarmWindow(),
        onsetWindow,
        seen.observations().stream()
            .map(
                o ->
                    new DemoReport.DriftPoint(
                        o.window(), o.quantity(), o.shift(), o.statistic(), o.threshold()))
            .toList());
  }

  /** The AUROC as a score. */
  public static Optional<Score> score(TestBench.Worth worth) {
    return worth.auroc().map(a -> new Score(a.value(), a.interval().lower(), a.interval().upper()));
  }

  /** Mean over the sites that have a score. */
  public static Optional<Double> mean(
      List<DemoReport.SiteLine> lines, Function<DemoReport.SiteLine, Optional<Score>> score) {
    return DemoReport.mean(lines, line -> score.apply(line).map(Score::value));
  }
}
