package org.consilium.sim.own.cases;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.consilium.models.metrics.ClassTable;
import org.consilium.models.metrics.Interval;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.protocol.StudyPlan;
import org.consilium.sim.consortium.StudyView;
import org.consilium.sim.federation.Federation;
import org.consilium.sim.federation.ReportLines;
import org.consilium.sim.federation.Timeline;
import org.consilium.sim.own.cut.Shift;
import org.consilium.sim.own.order.RunOptions;
import org.consilium.sim.report.DemoReport;
import org.consilium.sim.report.DemoReport.Models;
import org.consilium.sim.report.DemoReport.Quality;
import org.consilium.sim.report.DemoReport.Score;
import org.consilium.sim.score.TestBench;
import org.consilium.sim.score.TestBench.Opinion;

/** From what a run left behind to its report. The last set of the bench is the common one. */
final class OwnFindings {
  private final Inputs inputs;
  private final Federation.Harvest harvest;
  private final TestBench bench;

  record Inputs(
      RunOptions options, StudyPlan plan, List<OwnSite> sites, OwnCases cases, Timeline timeline) {}

  OwnFindings(Inputs inputs, Federation.Harvest harvest, TestBench bench) {
    this.inputs = inputs;
    this.harvest = harvest;
    this.bench = bench;
  }

  DemoReport report(Optional<Opinion> pooled) throws IOException {
    long parameters;
    Opinion global;
    try (SafetensorsFile file = SafetensorsFile.open(harvest.model())) {
      parameters = file.layout().length();
      global = bench.judge(file);
    }
    List<Optional<Opinion>> alone = new ArrayList<>();
    for (Path file : harvest.localOnly()) {
      alone.add(Files.exists(file) ? Optional.of(bench.judge(file)) : Optional.empty());
    }
    List<DemoReport.SiteLine> lines = new ArrayList<>();
    for (int i = 0; i < inputs.sites.size(); i++) {
      lines.add(site(i, global, alone.get(i), pooled));
    }
    return new DemoReport(
        new RunHead(inputs.options, inputs.plan, harvest.end(), inputs.timeline)
            .with(parameters, words(inputs.plan)),
        ReportLines.rounds(harvest.end(), inputs.timeline),
        lines,
        together(lines, global, pooled),
        inputs.timeline.events(),
        ReportLines.processes(harvest.lives(), inputs.timeline),
        List.of(),
        qualities(global, alone, pooled));
  }

  private int common() {
    return inputs.sites.size();
  }

  private DemoReport.Words words(StudyPlan plan) {
    return new DemoReport.Words(
        "The processes, encryption, training and numbers are real; the hospitals are not."
            + " Validation on cases that chose the best round is not a test, and supports no"
            + " clinical claim.",
        "of class " + plan.labels().get(1),
        "Hold-outs are small where a site is: mind the intervals below.",
        "Each site's hold-out is a stratified part of its own cases, by patient; the common cases"
            + " are %s.".formatted(inputs.cases.commonWords()),
        "On each site's own hold-out",
        "On the common cases",
        "the hospitals: the cases were shared out by %s with seed %d%s."
            .formatted(
                inputs.options.partition().words(),
                inputs.options.seed(),
                inputs.options.shift().equals(Shift.Kinds.NONE)
                    ? ""
                    : ", and each site's grey levels were changed as its line says"),
        "AUROC");
  }

  private DemoReport.SiteLine site(
      int place, Opinion global, Optional<Opinion> alone, Optional<Opinion> pooled) {
    OwnSite site = inputs.sites.get(place);
    StudyView.Site seen = ReportLines.site(harvest.end(), site.id().value());
    return new DemoReport.SiteLine(
        site.id().value(),
        site.differs(),
        site.training().count(),
        site.training().countOf(1),
        new Models(
            alone.flatMap(o -> score(o, place)),
            score(global, place),
            pooled.flatMap(o -> score(o, place))),
        alone.flatMap(o -> score(o, common())),
        ReportLines.drift(seen, 0),
        seen.bytesUp(),
        seen.bytesDown());
  }

  private Optional<Score> score(Opinion opinion, int set) {
    return ReportLines.score(bench.worth(opinion, set));
  }

  private DemoReport.Together together(
      List<DemoReport.SiteLine> lines, Opinion global, Optional<Opinion> pooled) {
    return new DemoReport.Together(
        ReportLines.mean(lines, line -> line.own().localOnly()),
        ReportLines.mean(lines, line -> line.own().global()),
        ReportLines.mean(lines, line -> line.own().pooled()),
        ReportLines.mean(lines, DemoReport.SiteLine::localOnAll),
        new Models(
            Optional.empty(), score(global, common()), pooled.flatMap(o -> score(o, common()))),
        inputs.cases.common().count());
  }

  /** Every model on the common cases, then global and local-only at each site. */
  private List<Quality> qualities(
      Opinion global, List<Optional<Opinion>> alone, Optional<Opinion> pooled) {
    List<Quality> all = new ArrayList<>();
    all.add(quality("global", "common", bench.worth(global, common())));
    pooled.ifPresent(o -> all.add(quality("pooled", "common", bench.worth(o, common()))));
    for (int i = 0; i < alone.size(); i++) {
      String name = inputs.sites.get(i).id() + " alone";
      alone.get(i).ifPresent(o -> all.add(quality(name, "common", bench.worth(o, common()))));
    }
    for (int i = 0; i < alone.size(); i++) {
      int place = i;
      String site = inputs.sites.get(i).id().value();
      all.add(quality("global", site, bench.worth(global, i)));
      alone.get(i).ifPresent(o -> all.add(quality(site + " alone", site, bench.worth(o, place))));
    }
    return all;
  }

  private static Quality quality(String model, String cases, TestBench.Worth worth) {
    ClassTable table = worth.table();
    Optional<Score> balanced =
        table.everyClass()
            ? Optional.of(score(table.balancedAccuracy(), table.balancedAccuracyInterval()))
            : Optional.empty();
    return new Quality(
        model,
        cases,
        worth.cases(),
        ReportLines.score(worth),
        score(table.accuracy(), table.accuracyInterval()),
        balanced);
  }

  private static Score score(double value, Interval interval) {
    return new Score(value, interval.lower(), interval.upper());
  }
}
