package org.consilium.sim.own.cases;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.NpzWriter;
import org.consilium.models.data.Split;
import org.consilium.models.engine.Preprocessing;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;
import org.consilium.sim.federation.Federation;
import org.consilium.sim.federation.Timeline;
import org.consilium.sim.own.cut.Refusal;
import org.consilium.sim.own.order.RunOptions;
import org.consilium.sim.own.order.StudySheet;
import org.consilium.sim.report.DemoReport;
import org.consilium.sim.score.Beginning;
import org.consilium.sim.score.PooledBaseline;
import org.consilium.sim.score.TestBench;

/** Pictures with one class each. */
final class PictureWork implements OwnWork<TestBench.Opinion> {
  private final RunOptions options;
  private final StudyPlan plan;
  private final OwnCases cases;
  private final List<OwnSite> sites;

  private PictureWork(RunOptions options, StudyPlan plan, OwnCases cases, List<OwnSite> sites) {
    this.options = options;
    this.plan = plan;
    this.cases = cases;
    this.sites = sites;
  }

  static PictureWork of(RunOptions options, StudySheet sheet) throws Refusal, IOException {
    options.refuseThoseOfMasks();
    OwnCases cases = OwnCases.read(OwnCases.Source.of(options), sheet.plan());
    return new PictureWork(options, sheet.plan(), cases, sites(options, sheet, cases));
  }

  private static List<OwnSite> sites(RunOptions options, StudySheet sheet, OwnCases cases)
      throws Refusal, IOException {
    ImageSet all = cases.training().images();
    List<OwnSite> sites = new ArrayList<>();
    for (Share share : Share.of(cases.training(), options, sheet)) {
      ImageSet training = share.seen(all, Split.TRAIN);
      ImageSet holdout = share.seen(all, Split.VALIDATION);
      double positive = 100.0 * training.countOf(1) / training.count();
      String label = sheet.plan().labels().get(1);
      String differs = "%.0f %% %s, %s".formatted(positive, label, share.differs());
      sites.add(new OwnSite(share.id(), training, holdout, differs));
    }
    return List.copyOf(sites);
  }

  @Override
  public List<SiteId> sites() {
    return sites.stream().map(OwnSite::id).toList();
  }

  @Override
  public List<String> describe() {
    return sites.stream()
        .map(s -> "%s: %d training cases, %s".formatted(s.id(), s.training().count(), s.differs()))
        .toList();
  }

  @Override
  public List<String> place(int place, Path folder) throws IOException {
    OwnSite site = sites.get(place);
    Path file = folder.resolve("data.npz");
    NpzWriter.write(file, Map.of(Split.TRAIN, site.training(), Split.VALIDATION, site.holdout()));
    return List.of("--data", file.toString());
  }

  @Override
  public DemoReport report(
      Federation.Harvest harvest, Timeline timeline, Optional<TestBench.Opinion> pooled)
      throws IOException {
    OwnFindings.Inputs inputs = new OwnFindings.Inputs(options, plan, sites, cases, timeline);
    return new OwnFindings(inputs, harvest, bench()).report(pooled);
  }

  private TestBench bench() {
    List<ImageSet> tests = new ArrayList<>(sites.stream().map(OwnSite::holdout).toList());
    tests.add(cases.common());
    return new TestBench(beginning(), Preprocessing.of(plan.training()), tests);
  }

  private Beginning beginning() {
    return Beginning.of(plan, options.start(plan));
  }

  @Override
  public Optional<TestBench.Opinion> pooled() throws IOException {
    return PooledBaseline.train(
        new PooledBaseline.Settings(beginning(), plan.training(), bench()),
        sites.stream().map(OwnSite::training).toList(),
        plan.rounds(),
        () -> !Thread.interrupted());
  }
}
