package org.consilium.sim.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.consilium.models.catalog.Bundled;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.LesionCases;
import org.consilium.models.engine.Preprocessing;
import org.consilium.protocol.SiteId;
import org.consilium.sim.consortium.StudyView;
import org.consilium.sim.federation.Federation;
import org.consilium.sim.federation.Screen;
import org.consilium.sim.federation.Timeline;
import org.consilium.sim.process.Installation;
import org.consilium.sim.process.Outcome;
import org.consilium.sim.process.Supervisor;
import org.consilium.sim.report.DemoReport;
import org.consilium.sim.scenario.CaseFiles;
import org.consilium.sim.scenario.Scenario;
import org.consilium.sim.scenario.SimulatedSite;
import org.consilium.sim.scenario.StudyText;
import org.consilium.sim.score.Beginning;
import org.consilium.sim.score.PooledBaseline;
import org.consilium.sim.score.TestBench;

/**
 * One demonstration: makes cases and a consortium of real processes, runs the study, disturbs it,
 * and judges what came out on cases that no site had. Work that does not depend on one another
 * overlaps.
 */
public final class DemoRun {
  /** Name of the study. */
  public static final String STUDY = "mri-demo";

  private static final Duration STUDY_MAX = Duration.ofMinutes(60);
  private static final Duration PATIENT_DEADLINE = Duration.ofMinutes(20);
  private static final Duration SHORT_DEADLINE = Duration.ofSeconds(15);

  private final DemoOptions options;
  private final Installation installation;
  private final InstantSource clock;
  private final Screen screen;
  private final Timeline timeline;
  private final List<SimulatedSite> sites;
  private final CaseFiles cases;
  private final StudyText study;
  private final Path work;

  /** A demonstration that has not begun. */
  public DemoRun(
      DemoOptions options, Installation installation, InstantSource clock, Screen screen) {
    this.options = options;
    this.installation = installation;
    this.clock = clock;
    this.screen = screen;
    this.timeline = new Timeline(clock, screen);
    this.sites = SimulatedSite.of(options.scenario(), options.sites(), options.seed());
    this.cases = CaseFiles.of(options.scale().counts(), options.seed());
    this.study = study(options, sites);
    this.work = WorkFolder.of(options.out());
  }

  /** The study that a demonstration runs. */
  static StudyText study(DemoOptions options, List<SimulatedSite> sites) {
    boolean quorumOnly =
        options.scenario() == Scenario.DROPOUT || options.scenario() == Scenario.STRAGGLER;
    int quorum = quorumOnly ? Math.max(3, (2 * sites.size() + 2) / 3) : sites.size();
    return new StudyText(
        STUDY,
        options.scale().recipe(),
        options.scale().counts().side(),
        sites.stream().map(SimulatedSite::id).toList(),
        Math.min(quorum, sites.size()),
        quorumOnly ? SHORT_DEADLINE : PATIENT_DEADLINE,
        options.rounds(),
        options.scale().counts().windows(),
        options.mode(),
        options.seed());
  }

  /**
   * Runs it and leaves {@code model.safetensors}, {@code MODEL_CARD.md}, {@code study.yaml} and the
   * ledgers in the output folder.
   *
   * @throws IOException if a step failed, or another demo runs in that folder; the message names it
   */
  public DemoReport run() throws IOException, InterruptedException {
    try (WorkFolder _ = WorkFolder.take(options.out(), options.keep())) {
      Files.writeString(options.out().resolve("study.yaml"), study.yaml());
      Optional<Bundled> start = study.recipe().foundation().flatMap(Bundled::find);
      if (start.isPresent()) {
        start.get().copyTo(foundation());
      }
      return supervised();
    }
  }

  private DemoReport supervised() throws IOException, InterruptedException {
    try (Supervisor supervisor = new Supervisor(clock, timeline::process);
        ExecutorService workers = Executors.newFixedThreadPool(3)) {
      supervisor.stopWithThisProcess();
      try {
        return run(supervisor, workers);
      } finally {
        workers.shutdownNow();
        timeline.closing();
      }
    }
  }

  private DemoReport run(Supervisor supervisor, ExecutorService workers)
      throws IOException, InterruptedException {
    List<SiteId> ids = sites.stream().map(SimulatedSite::id).toList();
    Federation.Order order =
        new Federation.Order(work, STUDY, ids, options.rounds(), options.seed(), STUDY_MAX);
    try (Federation federation =
        Federation.start(order, installation, clock, supervisor, timeline)) {
      List<Future<ImageSet>> training = new ArrayList<>();
      for (SimulatedSite site : sites) {
        Path file = order.site(site.id()).resolve("data.npz");
        training.add(workers.submit(() -> cases.writeTraining(site, file)));
      }
      federation.join();
      List<ImageSet> trainingSets = all(training);
      for (SiteId id : ids) {
        federation.serve(id, dataOf(order.site(id)));
      }
      Later later = later(order, workers, trainingSets);
      federation.begin(study.yaml());
      Disturber disturber = new Disturber(options, sites, supervisor, clock);
      StudyView end = federation.watch(screen, disturber.every(), disturber::look);
      return finish(federation.collect(end, options.out(), "MODEL_CARD.md"), later);
    }
  }

  private static List<String> dataOf(Path folder) {
    return List.of(
        "--data",
        folder.resolve("data.npz").toString(),
        "--windows",
        folder.resolve("windows").toString(),
        "--threads",
        "1");
  }

  /** What is made while the federation already runs. */
  record Later(
      List<ImageSet> training,
      List<Future<LesionCases.CaseBatch>> tests,
      Future<Optional<TestBench.Opinion>> pooled,
      Future<Optional<Path>> random) {}

  private Later later(Federation.Order order, ExecutorService workers, List<ImageSet> training) {
    List<Future<LesionCases.CaseBatch>> tests = new ArrayList<>();
    for (SimulatedSite site : sites) {
      Path windows = order.site(site.id()).resolve("windows");
      Callable<LesionCases.CaseBatch> task =
          () -> {
            cases.writeWindows(site, windows);
            return cases.test(site);
          };
      tests.add(workers.submit(task));
    }
    Future<Optional<TestBench.Opinion>> pooled =
        workers.submit(
            () ->
                options.pooled()
                    ? PooledBaseline.train(
                        new PooledBaseline.Settings(
                            beginning(), study.training(), bench(all(tests))),
                        training,
                        options.rounds(),
                        () -> !Thread.interrupted())
                    : Optional.empty());
    Future<Optional<Path>> random =
        workers.submit(
            () ->
                options.pooled() && study.recipe().foundation().isPresent()
                    ? fromRandomValues(order)
                    : Optional.empty());
    return new Later(training, tests, pooled, random);
  }

  private Optional<Path> fromRandomValues(Federation.Order order)
      throws IOException, InterruptedException {
    List<Path> data = new ArrayList<>();
    for (SimulatedSite site : sites) {
      data.add(order.site(site.id()).resolve("data.npz"));
    }
    return new RandomStartProcess(installation, work.resolve("random-start.log"))
        .run(options.seed(), options.rounds(), data, work.resolve("random-start.safetensors"));
  }

  private Beginning beginning() {
    Optional<Path> file = study.recipe().foundation().map(_ -> foundation());
    return options.scale().beginning(options.seed(), file);
  }

  private Path foundation() {
    return work.resolve("foundation.safetensors");
  }

  private TestBench bench(List<LesionCases.CaseBatch> tests) {
    return new TestBench(
        beginning(),
        Preprocessing.of(study.training()),
        tests.stream().map(LesionCases.CaseBatch::images).toList());
  }

  private DemoReport finish(Federation.Harvest harvest, Later later)
      throws IOException, InterruptedException {
    List<LesionCases.CaseBatch> tests = all(later.tests);
    Findings.Inputs inputs = new Findings.Inputs(options, study, sites, timeline, cases.label());
    Findings findings = new Findings(inputs, harvest.end(), harvest.lives(), bench(tests));
    Findings.Judged judged =
        findings.judge(
            harvest.model(),
            harvest.localOnly(),
            Outcome.of(later.pooled, "train the pooled baseline"),
            Outcome.of(later.random, "train from random values"));
    return findings.report(judged, later.training, tests);
  }

  private static <T> List<T> all(List<Future<T>> futures) throws IOException, InterruptedException {
    List<T> values = new ArrayList<>();
    for (Future<T> future : futures) {
      values.add(Outcome.of(future, "prepare cases"));
    }
    return values;
  }
}
