package org.consilium.sim.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.LesionCases;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.sim.consortium.StudyView;
import org.consilium.sim.federation.Machine;
import org.consilium.sim.federation.ReportLines;
import org.consilium.sim.federation.Timeline;
import org.consilium.sim.process.Outcome;
import org.consilium.sim.process.Supervisor;
import org.consilium.sim.report.DemoReport;
import org.consilium.sim.report.DemoReport.Models;
import org.consilium.sim.report.DemoReport.Score;
import org.consilium.sim.scenario.SimulatedSite;
import org.consilium.sim.scenario.StudyText;
import org.consilium.sim.score.TestBench;
import org.consilium.sim.score.TestBench.Opinion;

/** From what was observed and judged to the report. */
final class Findings {
  private static final int SAMPLES_OF_A_SITE = 2;

  private final Inputs inputs;
  private final StudyView end;
  private final List<Supervisor.Life> lives;
  private final TestBench bench;

  record Inputs(
      DemoOptions options,
      StudyText study,
      List<SimulatedSite> sites,
      Timeline timeline,
      String label) {}

  Findings(Inputs inputs, StudyView end, List<Supervisor.Life> lives, TestBench bench) {
    this.inputs = inputs;
    this.end = end;
    this.lives = lives;
    this.bench = bench;
  }

  /**
   * All models' opinions.
   *
   * @param localOnly one a site; empty where a site left none
   * @param pooled trained on all sites' cases in one place
   * @param random the same federation from random values
   */
  record Judged(
      Opinion global,
      List<Optional<Opinion>> localOnly,
      Optional<Opinion> pooled,
      Optional<Opinion> random,
      long parameters) {}

  Judged judge(
      Path model, List<Path> localOnly, Optional<Opinion> pooled, Optional<Path> fromRandom)
      throws IOException, InterruptedException {
    long parameters;
    try (SafetensorsFile file = SafetensorsFile.open(model)) {
      parameters = file.layout().length();
    }
    List<Optional<Path>> files = new ArrayList<>();
    files.add(Optional.of(model));
    files.add(fromRandom);
    for (Path local : localOnly) {
      files.add(Files.exists(local) ? Optional.of(local) : Optional.empty());
    }
    List<Optional<Opinion>> opinions = judge(files);
    Opinion global = opinions.getFirst().orElseThrow();
    Optional<Opinion> random = opinions.get(1);
    List<Optional<Opinion>> locals = opinions.subList(2, opinions.size());
    return new Judged(global, locals, pooled, random, parameters);
  }

  /** Two models at a time. */
  private List<Optional<Opinion>> judge(List<Optional<Path>> files)
      throws IOException, InterruptedException {
    try (ExecutorService two = Executors.newFixedThreadPool(2)) {
      List<Future<Optional<Opinion>>> asked = new ArrayList<>();
      for (Optional<Path> file : files) {
        asked.add(
            two.submit(
                () -> file.isPresent() ? Optional.of(bench.judge(file.get())) : Optional.empty()));
      }
      List<Optional<Opinion>> opinions = new ArrayList<>();
      for (Future<Optional<Opinion>> each : asked) {
        opinions.add(Outcome.of(each, "judge the models"));
      }
      return opinions;
    }
  }

  DemoReport report(Judged judged, List<ImageSet> training, List<LesionCases.CaseBatch> tests) {
    List<DemoReport.SiteLine> lines = new ArrayList<>();
    for (int i = 0; i < inputs.sites.size(); i++) {
      lines.add(site(i, judged, training.get(i)));
    }
    return new DemoReport(
        head(judged),
        ReportLines.rounds(end, inputs.timeline),
        lines,
        together(judged, lines, tests),
        inputs.timeline.events(),
        ReportLines.processes(lives, inputs.timeline),
        samples(judged, tests),
        List.of());
  }

  private DemoReport.Head head(Judged judged) {
    StudyView.Model best = end.best().orElseThrow();
    String plan =
        "%s, %d rounds of %d local epoch(s), batch %d, %s, %s updates"
            .formatted(
                inputs.study.algorithm(),
                inputs.options.rounds(),
                inputs.study.training().localEpochs(),
                inputs.study.training().batchSize(),
                inputs.study.recipe().words(),
                inputs.study.mode());
    return new DemoReport.Head(
        inputs.study.name(),
        "Lesions on head MRI: %d hospitals, one model".formatted(inputs.sites.size()),
        "%s (%s)".formatted(inputs.options.scenario().key(), inputs.options.scenario().words()),
        inputs.options.seed(),
        inputs.timeline.now(),
        best.version(),
        best.round(),
        judged.parameters,
        plan,
        Machine.describe(),
        inputs.label,
        DemoReport.Words.DEMONSTRATION);
  }

  private DemoReport.SiteLine site(int place, Judged judged, ImageSet training) {
    SimulatedSite site = inputs.sites.get(place);
    StudyView.Site seen = ReportLines.site(end, site.id().value());
    Models own =
        new Models(
            judged.localOnly.get(place).flatMap(o -> own(o, place)),
            own(judged.global, place),
            judged.pooled.flatMap(o -> own(o, place)),
            judged.random.flatMap(o -> own(o, place)));
    return new DemoReport.SiteLine(
        site.id().value(),
        site.differs(),
        training.count(),
        training.countOf(1),
        own,
        judged.localOnly.get(place).flatMap(o -> ReportLines.score(bench.worthOnAll(o))),
        ReportLines.drift(seen, site.onsetWindow()),
        seen.bytesUp(),
        seen.bytesDown());
  }

  private Optional<Score> own(Opinion opinion, int place) {
    return ReportLines.score(bench.worth(opinion, place));
  }

  private DemoReport.Together together(
      Judged judged, List<DemoReport.SiteLine> lines, List<LesionCases.CaseBatch> tests) {
    Models all =
        new Models(
            Optional.empty(),
            ReportLines.score(bench.worthOnAll(judged.global)),
            judged.pooled.flatMap(o -> ReportLines.score(bench.worthOnAll(o))),
            judged.random.flatMap(o -> ReportLines.score(bench.worthOnAll(o))));
    return new DemoReport.Together(
        ReportLines.mean(lines, line -> line.own().localOnly()),
        ReportLines.mean(lines, line -> line.own().global()),
        ReportLines.mean(lines, line -> line.own().pooled()),
        ReportLines.mean(lines, line -> line.own().random()),
        ReportLines.mean(lines, DemoReport.SiteLine::localOnAll),
        all,
        tests.stream().mapToInt(t -> t.images().count()).sum());
  }

  /** The first cases of each class at each site: not chosen by how well they went. */
  private List<DemoReport.Sample> samples(Judged judged, List<LesionCases.CaseBatch> tests) {
    List<DemoReport.Sample> samples = new ArrayList<>();
    for (int place = 0; place < tests.size() && place < 4; place++) {
      ImageSet images = tests.get(place).images();
      int[] taken = new int[2];
      for (int i = 0; i < images.count(); i++) {
        int label = images.label(i);
        if (label > 1 || taken[label] >= (label == 1 ? SAMPLES_OF_A_SITE : 1)) {
          continue;
        }
        taken[label]++;
        samples.add(sample(place, i, judged.global.logits().get(place)[i], tests.get(place)));
      }
    }
    return samples;
  }

  private DemoReport.Sample sample(
      int place, int index, double logit, LesionCases.CaseBatch batch) {
    ImageSet images = batch.images();
    int length = images.imageLength();
    byte[] pixels = new byte[length];
    byte[] mask = new byte[length];
    for (int p = 0; p < length; p++) {
      pixels[p] = (byte) images.pixel(index, p);
      mask[p] = batch.masks()[index * length + p];
    }
    return new DemoReport.Sample(
        inputs.sites.get(place).id().value(),
        images.label(index),
        1 / (1 + Math.exp(-logit)),
        images.width(),
        pixels,
        mask);
  }
}
