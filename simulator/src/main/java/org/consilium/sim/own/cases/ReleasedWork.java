package org.consilium.sim.own.cases;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;
import org.consilium.sim.consortium.StudyView;
import org.consilium.sim.federation.Federation;
import org.consilium.sim.federation.ReportLines;
import org.consilium.sim.federation.Timeline;
import org.consilium.sim.own.cut.Refusal;
import org.consilium.sim.own.order.RunOptions;
import org.consilium.sim.own.order.StudySheet;
import org.consilium.sim.report.DemoReport;

/**
 * Pictures with several findings, with texts, or to pre-train on: models are judged by the sites
 * alone, on their own hold-outs, and the report has what they released.
 */
final class ReleasedWork implements OwnWork<Void> {
  private final RunOptions options;
  private final StudyPlan plan;
  private final SharedCases cases;
  private final List<Share> sites;

  private ReleasedWork(RunOptions options, StudyPlan plan, SharedCases cases, List<Share> sites) {
    this.options = options;
    this.plan = plan;
    this.cases = cases;
    this.sites = sites;
  }

  static ReleasedWork of(RunOptions options, StudySheet sheet) throws Refusal, IOException {
    options.refuseThoseOfMasks();
    StudyPlan plan = sheet.plan();
    SharedCases cases = SharedCases.read(OwnCases.Source.of(options), plan);
    List<Share> sites = Share.of(cases.cases(), options, sheet);
    return new ReleasedWork(options, plan, cases, sites);
  }

  @Override
  public List<SiteId> sites() {
    return sites.stream().map(Share::id).toList();
  }

  @Override
  public List<String> describe() {
    return sites.stream()
        .map(
            s ->
                "%s: %d training cases, %s"
                    .formatted(s.id(), s.piece().training().size(), s.differs()))
        .toList();
  }

  @Override
  public List<String> place(int place, Path folder) throws IOException {
    Path file = folder.resolve("data.npz");
    cases.write(sites.get(place).piece(), sites.get(place).shift(), file);
    return List.of("--data", file.toString());
  }

  /** There is none: nobody but the sites judges. */
  @Override
  public Optional<Void> pooled() {
    return Optional.empty();
  }

  @Override
  public DemoReport report(Federation.Harvest harvest, Timeline timeline, Optional<Void> pooled)
      throws IOException {
    long parameters;
    try (SafetensorsFile file = SafetensorsFile.open(harvest.model())) {
      parameters = file.layout().length();
    }
    StudyView end = harvest.end();
    return new DemoReport(
        new RunHead(options, plan, end, timeline).with(parameters, words(end)),
        ReportLines.rounds(end, timeline),
        sites.stream().map(site -> line(site, end)).toList(),
        together(end),
        timeline.events(),
        ReportLines.processes(harvest.lives(), timeline),
        List.of(),
        List.of());
  }

  private DemoReport.SiteLine line(Share site, StudyView end) {
    StudyView.Site seen = ReportLines.site(end, site.id().value());
    List<Integer> training = site.piece().training();
    return new DemoReport.SiteLine(
        site.id().value(),
        site.differs(),
        training.size(),
        (int) training.stream().filter(i -> cases.cases().images().label(i) > 0).count(),
        new DemoReport.Models(Optional.empty(), Optional.empty(), Optional.empty()),
        Optional.empty(),
        ReportLines.drift(seen, 0),
        seen.bytesUp(),
        seen.bytesDown());
  }

  /** Means of what was released of the best round's model. */
  private DemoReport.Together together(StudyView end) {
    int best = end.best().orElseThrow().round();
    Optional<StudyView.Round> round =
        end.rounds().stream().filter(r -> r.number() == best).findFirst();
    return new DemoReport.Together(
        mean(round.map(StudyView.Round::local).orElse(Map.of())),
        mean(round.map(StudyView.Round::global).orElse(Map.of())),
        Optional.empty(),
        Optional.empty(),
        new DemoReport.Models(Optional.empty(), Optional.empty(), Optional.empty()),
        0);
  }

  private static Optional<Double> mean(Map<String, Double> values) {
    return DemoReport.mean(List.copyOf(values.values()), Optional::of);
  }

  private DemoReport.Words words(StudyView end) {
    return new DemoReport.Words(
        "The processes, encryption, training and numbers are real; the hospitals are not."
            + " Cases that chose the best round are not a test, and support no clinical claim.",
        "of a class above 0 or with any finding",
        "Hold-outs are small where a site is.",
        "",
        "",
        "",
        "the hospitals: the cases were shared out by %s with seed %d."
            .formatted(options.partition().words(), options.seed()),
        end.measure());
  }
}
