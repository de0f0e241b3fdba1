package org.consilium.sim.own.cases;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.consilium.models.data.LabelledMasks;
import org.consilium.models.data.Split;
import org.consilium.models.data.folder.MaskFolder;
import org.consilium.models.data.folder.MaskFolder.MaskCase;
import org.consilium.models.engine.LocalModel;
import org.consilium.models.engine.Preprocessing;
import org.consilium.models.engine.TrainingOutcome;
import org.consilium.models.engine.TrainingRun;
import org.consilium.models.federated.RoundLayout;
import org.consilium.models.metrics.Drawing;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.Training;
import org.consilium.sim.federation.Federation;
import org.consilium.sim.federation.Timeline;
import org.consilium.sim.own.cut.Cut;
import org.consilium.sim.own.cut.Partition;
import org.consilium.sim.own.cut.Refusal;
import org.consilium.sim.own.cut.Shift;
import org.consilium.sim.own.order.RunOptions;
import org.consilium.sim.own.order.StudySheet;
import org.consilium.sim.report.DemoReport;
import org.consilium.sim.score.Beginning;
import org.consilium.sim.score.PooledBaseline;

/**
 * Pictures with masks, each site's first images held back; Dice is the mean over held-back images,
 * each put together of its tiles.
 */
final class DrawnWork implements OwnWork<DrawnWork.Dices> {
  private final RunOptions options;
  private final StudyPlan plan;
  private final List<DrawnSite> sites;

  /**
   * Mean Dice of one model on the held-back images of the sites that were judged, in their order;
   * empty where no held-back image has any foreground.
   */
  record Dices(List<OptionalDouble> perSite) {
    Dices {
      perSite = List.copyOf(perSite);
    }
  }

  private DrawnWork(RunOptions options, StudyPlan plan, List<DrawnSite> sites) {
    this.options = options;
    this.plan = plan;
    this.sites = sites;
  }

  static DrawnWork of(RunOptions options, StudySheet sheet) throws Refusal, IOException {
    StudyPlan plan = sheet.plan();
    if (plan.model().height() != plan.model().width()) {
      throw new Refusal(
          "study: tiles are square, the model is %dx%d"
              .formatted(plan.model().height(), plan.model().width()));
    }
    if (!options.shift().equals(Shift.Kinds.NONE) || options.resize()) {
      throw new Refusal("--shift and --resize are for pictures with one class each");
    }
    switch (options.partition()) {
      case Partition.Iid _, Partition.By _ -> {}
      case Partition.LabelSkew _, Partition.Dirichlet _ ->
          throw new Refusal("--partition: pictures with masks are shared out by iid or by:COLUMN");
    }
    MaskFolder folder = DrawnCases.read(options, plan);
    Cut.Order order = new Cut.Order(options.partition(), options.sites(), 1, options.seed());
    List<DrawnSite> sites = new ArrayList<>();
    for (Cut.Share share : Cut.shares(DrawnCases.bare(folder.cases()), order)) {
      SiteId id = sheet.site(sites.size(), share.name());
      List<MaskCase> own = share.places().stream().map(folder.cases()::get).toList();
      int holdBack = options.siteOptions().holdBack(id, options.holdBack());
      sites.add(
          new DrawnSite(
              id,
              folder.splitGiven() ? own : DrawnSite.split(own, holdBack, options.seed()),
              options.siteOptions().view(id),
              Math.max(2, plan.model().classes())));
    }
    options.siteOptions().check(sites.stream().map(DrawnSite::id).toList());
    for (DrawnSite site : sites) {
      check(site, plan);
    }
    return new DrawnWork(options, plan, List.copyOf(sites));
  }

  private static void check(DrawnSite site, StudyPlan plan) throws Refusal {
    for (Split split : Split.values()) {
      if (site.count(split) == 0) {
        throw new Refusal(
            "partition: site %s of %d images would have %d to train on, %d to choose by, %d held back; at least 1 of each needed"
                .formatted(
                    site.id(),
                    site.cases().size(),
                    site.count(Split.TRAIN),
                    site.count(Split.VALIDATION),
                    site.count(Split.TEST)));
      }
    }
    int tiles = site.tiles(Split.TRAIN, plan.model()).count();
    if (tiles < plan.protection().minSamples()) {
      throw new Refusal(
          "partition: site %s would have %d training tiles, the study's minSamples is %d"
              .formatted(site.id(), tiles, plan.protection().minSamples()));
    }
  }

  @Override
  public List<SiteId> sites() {
    return sites.stream().map(DrawnSite::id).toList();
  }

  @Override
  public List<String> describe() {
    return sites.stream()
        .map(
            s ->
                "%s: %d images to train on (%d tiles), %s"
                    .formatted(
                        s.id(),
                        s.count(Split.TRAIN),
                        s.tiles(Split.TRAIN, plan.model()).count(),
                        DrawnFindings.differs(s)))
        .toList();
  }

  @Override
  public List<String> place(int place, Path folder) throws IOException {
    return List.of("--config", sites.get(place).write(folder, plan.model()).toString());
  }

  /** As many passes as the sites make together, over all their tiles. */
  @Override
  public Optional<Dices> pooled() throws IOException {
    List<MaskCase> all = new ArrayList<>();
    sites.forEach(site -> all.addAll(site.seen().cases()));
    LabelledMasks union =
        new MaskFolder(all, sites.getFirst().classes(), true)
            .tiles(Split.TRAIN, plan.model().height(), plan.model().channels())
            .orElseThrow();
    Training joint = PooledBaseline.joint(plan.training(), sites.size());
    try (LocalModel model = beginning().open()) {
      for (int round = 1; round <= plan.rounds(); round++) {
        TrainingRun run =
            TrainingRun.of(plan, round, plan.seed(), (_, _, _) -> !Thread.interrupted())
                .with(joint);
        if (!(model.train(union, run) instanceof TrainingOutcome.Trained)) {
          return Optional.empty();
        }
      }
      return Optional.of(judge(model, sites));
    }
  }

  @Override
  public DemoReport report(Federation.Harvest harvest, Timeline timeline, Optional<Dices> pooled)
      throws IOException {
    return new DrawnFindings(
            new DrawnFindings.Inputs(options, plan, sites, timeline), harvest, this::judge)
        .report(pooled);
  }

  private Beginning beginning() {
    return Beginning.of(plan, options.start(plan));
  }

  /** Judges the parameters of a file on the held-back images of some sites. */
  private Dices judge(Path file, List<DrawnSite> some) throws IOException {
    try (SafetensorsFile parameters = SafetensorsFile.open(file);
        LocalModel model = beginning().open()) {
      model.load(RoundLayout.parameters(parameters));
      return judge(model, some);
    }
  }

  private Dices judge(LocalModel model, List<DrawnSite> some) throws IOException {
    List<OptionalDouble> dices = new ArrayList<>();
    for (DrawnSite site : some) {
      LabelledMasks tiles = site.tiles(Split.TEST, plan.model());
      double[] logits = model.predict(tiles.images(), Preprocessing.of(plan.training()));
      dices.add(Drawing.meanDice(Drawing.of(tiles, logits, plan.model().classes())));
    }
    return new Dices(dices);
  }
}
