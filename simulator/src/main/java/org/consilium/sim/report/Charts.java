package org.consilium.sim.report;

import java.util.ArrayList;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.consilium.sim.chart.BarChart;
import org.consilium.sim.chart.LineChart;
import org.consilium.sim.chart.TimelineChart;
import org.consilium.sim.report.DemoReport.Drift;
import org.consilium.sim.report.DemoReport.DriftPoint;
import org.consilium.sim.report.DemoReport.Event;
import org.consilium.sim.report.DemoReport.ProcessLine;
import org.consilium.sim.report.DemoReport.RoundLine;
import org.consilium.sim.report.DemoReport.Score;
import org.consilium.sim.report.DemoReport.SiteLine;

/** The report's pictures: from measured numbers to chart descriptions. */
final class Charts {
  private static final double CHANCE = 0.5;

  private Charts() {}

  /** A site's colour number, by its place in the list. */
  static int colour(int site) {
    return site % 7;
  }

  static LineChart convergence(DemoReport report, SiteLine site, int colour) {
    List<LineChart.Point> local = points(report, site, RoundLine::localOnly);
    List<LineChart.Point> global = points(report, site, RoundLine::global);
    DoubleSummaryStatistics range =
        Stream.concat(local.stream(), global.stream())
            .mapToDouble(LineChart.Point::y)
            .summaryStatistics();
    double from = Math.clamp(Math.floor(range.getMin() * 10) / 10, 0, 0.4);
    int last = report.rounds().stream().mapToInt(RoundLine::number).max().orElse(2);
    String measure = report.head().words().measure();
    return new LineChart(
        measure + " by round at " + site.id(),
        new LineChart.Axis("round", 1, Math.max(2, last)),
        new LineChart.Axis(
            measure + " on its own hold-out", from, Math.max(1, Math.ceil(range.getMax()))),
        List.of(
            new LineChart.Line("local-only", "c7 dash", -1, local),
            new LineChart.Line("global", "c" + colour, colour % 4, global)),
        List.of());
  }

  private static List<LineChart.Point> points(
      DemoReport report, SiteLine site, Function<RoundLine, Map<String, Double>> values) {
    List<LineChart.Point> points = new ArrayList<>();
    for (RoundLine round : report.rounds()) {
      Double value = values.apply(round).get(site.id());
      if (value != null) {
        points.add(new LineChart.Point(round.number(), value));
      }
    }
    return points;
  }

  static BarChart ownTests(DemoReport report) {
    List<BarChart.Group> groups = new ArrayList<>();
    for (SiteLine site : report.sites()) {
      groups.add(
          new BarChart.Group(
              site.id(),
              bars(
                  List.of(
                      new Named("local-only", "f7 open", site.own().localOnly()),
                      new Named("global", "f0", site.own().global()),
                      new Named("from random values", "f2", site.own().random()),
                      new Named("pooled", "f4", site.own().pooled())))));
    }
    groups.add(
        new BarChart.Group(
            "mean",
            bars(
                List.of(
                    mean("local-only", "f7 open", report.together().localOnlyMean()),
                    mean("global", "f0", report.together().globalMean()),
                    mean("from random values", "f2", report.together().randomMean()),
                    mean("pooled", "f4", report.together().pooledMean())))));
    return new BarChart(
        "AUROC on each site's own test cases", "AUROC", floor(groups), 1, 3, groups);
  }

  static BarChart allTests(DemoReport report) {
    List<BarChart.Group> groups = new ArrayList<>();
    for (SiteLine site : report.sites()) {
      groups.add(
          new BarChart.Group(
              site.id() + " alone",
              bars(List.of(new Named("local-only", "f7 open", site.localOnAll())))));
    }
    DemoReport.Models all = report.together().onAll();
    groups.add(
        new BarChart.Group("global", bars(List.of(new Named("global", "f0", all.global())))));
    if (all.random().isPresent()) {
      groups.add(
          new BarChart.Group(
              "random start", bars(List.of(new Named("from random values", "f2", all.random())))));
    }
    if (all.pooled().isPresent()) {
      groups.add(
          new BarChart.Group("pooled", bars(List.of(new Named("pooled", "f4", all.pooled())))));
    }
    return new BarChart("AUROC on all sites' test cases", "AUROC", floor(groups), 1, 3, groups);
  }

  private record Named(String name, String style, Optional<Score> score) {}

  private static Named mean(String name, String style, Optional<Double> value) {
    return new Named(name, style, value.map(v -> new Score(v, v, v)));
  }

  private static List<BarChart.Bar> bars(List<Named> named) {
    List<BarChart.Bar> bars = new ArrayList<>();
    for (Named one : named) {
      one.score
          .map(s -> new BarChart.Bar(one.name, one.style, s.value(), s.low(), s.high()))
          .ifPresent(bars::add);
    }
    return bars;
  }

  private static double floor(List<BarChart.Group> groups) {
    double lowest =
        groups.stream()
            .flatMap(g -> g.bars().stream())
            .mapToDouble(b -> Math.min(b.value(), b.low()))
            .min()
            .orElse(CHANCE);
    return lowest >= CHANCE ? CHANCE : Math.floor(Math.max(0, lowest) * 10) / 10;
  }

  static LineChart drift(SiteLine site, int colour, double highest) {
    Drift drift = site.drift();
    int last = drift.points().stream().mapToInt(DriftPoint::window).max().orElse(1);
    List<LineChart.Mark> marks =
        drift.onsetWindow() > 0
            ? List.of(new LineChart.Mark(drift.onsetWindow() - 0.5, "scanner degrades"))
            : List.of();
    double threshold = drift.points().stream().mapToDouble(DriftPoint::threshold).max().orElse(1);
    return new LineChart(
        "drift statistic by window at " + site.id(),
        new LineChart.Axis("monitoring window", 0.5, Math.max(1, last) + 0.5),
        new LineChart.Axis("CUSUM statistic", 0, Math.max(1, highest)),
        List.of(
            new LineChart.Line(
                "threshold",
                "c1 dash",
                -1,
                List.of(
                    new LineChart.Point(0.5, threshold),
                    new LineChart.Point(Math.max(1, last) + 0.5, threshold))),
            new LineChart.Line("AUROC", "c7 dots", 1, statistics(drift, "AUROC_SHIFT")),
            new LineChart.Line("log loss", "c" + colour, 0, statistics(drift, "LOG_LOSS_SHIFT"))),
        marks);
  }

  /** Top of the drift axes: the threshold is in sight and one wild value does not flatten it. */
  static double driftTop(DemoReport report) {
    double threshold = 1;
    double highest = 1;
    for (SiteLine site : report.sites()) {
      for (DriftPoint p : site.drift().points()) {
        threshold = Math.max(threshold, p.threshold());
        highest = Math.max(highest, p.statistic());
      }
    }
    return Math.ceil(Math.clamp(highest, threshold * 1.5, threshold * 4));
  }

  private static List<LineChart.Point> statistics(Drift drift, String quantity) {
    return drift.points().stream()
        .filter(p -> p.quantity().equals(quantity))
        .map(p -> new LineChart.Point(p.window(), p.statistic()))
        .toList();
  }

  static BarChart bytes(DemoReport report) {
    double mib = 1024.0 * 1024.0;
    List<BarChart.Group> groups = new ArrayList<>();
    double highest = 0.1;
    for (SiteLine site : report.sites()) {
      double up = site.bytesUp() / mib;
      double down = site.bytesDown() / mib;
      highest = Math.max(highest, Math.max(up, down));
      groups.add(
          new BarChart.Group(
              site.id(),
              List.of(
                  BarChart.Bar.plain("sent", "f2", up),
                  BarChart.Bar.plain("received", "f5 open", down))));
    }
    return new BarChart(
        "MiB sent and received by each site", "MiB", 0, Math.ceil(highest * 1.1), 1, groups);
  }

  static TimelineChart timeline(DemoReport report) {
    List<TimelineChart.Row> rows = new ArrayList<>();
    List<TimelineChart.Span> spans = new ArrayList<>();
    for (RoundLine r : report.rounds()) {
      String title =
          "round %d: %s, %d updates".formatted(r.number(), Html.seconds(r.seconds()), r.accepted());
      spans.add(
          new TimelineChart.Span(
              r.start(),
              r.start() + r.seconds(),
              Integer.toString(r.number()),
              r.number() % 2 == 0 ? "f0" : "f7",
              title));
    }
    rows.add(new TimelineChart.Row("rounds", spans, List.of()));
    List<String> names = report.processes().stream().map(Charts::name).distinct().toList();
    for (String name : names) {
      List<TimelineChart.Span> runs = new ArrayList<>();
      for (ProcessLine p : report.processes()) {
        if (name(p).equals(name)) {
          runs.add(
              new TimelineChart.Span(
                  p.from(),
                  p.to(),
                  "",
                  "f2",
                  "%s, process %d, %s to %s"
                      .formatted(name, p.pid(), Html.seconds(p.from()), Html.seconds(p.to()))));
        }
      }
      rows.add(new TimelineChart.Row(name, runs, kills(report, name)));
    }
    return new TimelineChart(
        "rounds and processes over time", Math.max(1, report.head().wallSeconds()), rows);
  }

  private static List<TimelineChart.Moment> kills(DemoReport report, String name) {
    List<TimelineChart.Moment> moments = new ArrayList<>();
    for (Event e : report.timeline()) {
      if (e.kind().equals("kill") && e.subject().equals(name)) {
        moments.add(new TimelineChart.Moment(e.at(), Html.seconds(e.at()) + ": " + e.text()));
      }
    }
    return moments;
  }

  static String name(ProcessLine process) {
    return process.site().isEmpty() ? process.role() : process.site();
  }
}
