package org.consilium.sim.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.LesionCases;
import org.consilium.models.engine.Preprocessing;
import org.consilium.protocol.ModelSpec;
import org.consilium.protocol.SiteId;
import org.consilium.sim.consortium.CoordinatorApi;
import org.consilium.sim.consortium.LocalConsortium;
import org.consilium.sim.consortium.StudyView;
import org.consilium.sim.process.Installation;
import org.consilium.sim.process.Pause;
import org.consilium.sim.process.Removal;
import org.consilium.sim.process.Supervisor;
import org.consilium.sim.report.DemoReport;
import org.consilium.sim.scenario.CaseFiles;
import org.consilium.sim.scenario.Scenario;
import org.consilium.sim.scenario.SimulatedSite;
import org.consilium.sim.scenario.StudyText;
import org.consilium.sim.score.PooledBaseline;
import org.consilium.sim.score.TestBench;

/**
 * One demonstration: makes cases and a consortium of real processes, runs the study, disturbs it,
 * and judges what came out on cases that no site had. Work that does not depend on one another
 * overlaps: there are as many busy threads as two cores bear.
 */
public final class DemoRun {
  /** Name of the study. */
  public static final String STUDY = "mri-demo";

  private static final int COORDINATOR_HEAP_MIB = 256;
  private static final int SITE_HEAP_MIB = 512;
  private static final Duration LOOK_EVERY = Duration.ofMillis(250);
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
    this.work = options.out().toAbsolutePath().resolve(".work");
  }

  /** The study that a demonstration runs. */
  static StudyText study(DemoOptions options, List<SimulatedSite> sites) {
    boolean quorumOnly =
        options.scenario() == Scenario.DROPOUT || options.scenario() == Scenario.STRAGGLER;
    int quorum = quorumOnly ? Math.max(2, (2 * sites.size() + 2) / 3) : sites.size();
    return new StudyText(
        STUDY,
        options.scale().architecture(),
        options.scale().counts().side(),
        sites.stream().map(SimulatedSite::id).toList(),
        Math.min(quorum, sites.size()),
        quorumOnly ? SHORT_DEADLINE : PATIENT_DEADLINE,
        options.rounds(),
        options.scale().counts().windows(),
        options.seed());
  }

  /**
   * Runs it and leaves {@code model.safetensors}, {@code MODEL_CARD.md}, {@code study.yaml} and the
   * ledgers in the output folder.
   *
   * @throws IOException if a step failed; the message names it
   */
  public DemoReport run() throws IOException, InterruptedException {
    Removal.of(work);
    Files.createDirectories(work);
    Files.writeString(options.out().resolve("study.yaml"), study.yaml());
    try {
      return supervised();
    } finally {
      if (!options.keep()) {
        Removal.of(work);
      }
    }
  }

  private DemoReport supervised() throws IOException, InterruptedException {
    try (Supervisor supervisor = new Supervisor(clock, timeline::process);
        ExecutorService workers = Executors.newFixedThreadPool(2)) {
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
    LocalConsortium.Layout layout =
        new LocalConsortium.Layout(work, COORDINATOR_HEAP_MIB, SITE_HEAP_MIB);
    try (LocalConsortium consortium =
        LocalConsortium.start(installation, layout, clock, supervisor)) {
      List<Future<ImageSet>> training = new ArrayList<>();
      for (SimulatedSite site : sites) {
        Path file = layout.site(site.id()).resolve("data.npz");
        training.add(workers.submit(() -> cases.writeTraining(site, file)));
      }
      CoordinatorApi api = consortium.await();
      List<SiteId> ids = sites.stream().map(SimulatedSite::id).toList();
      for (SiteId id : ids) {
        consortium.placeRoundingSecret(id, options.seed());
      }
      consortium.join(ids);
      timeline.add("study", STUDY, "%d sites have joined".formatted(ids.size()));
      List<ImageSet> trainingSets = all(training);
      for (SiteId id : ids) {
        consortium.serve(id, dataOf(layout, id));
      }
      consortium.approveStudy(STUDY, consortium.create(study.yaml()), ids);
      consortium.startStudy(STUDY);
      timeline.add("study", STUDY, "started");
      Later later = later(layout, workers, trainingSets);
      StudyView end = watch(consortium, supervisor, api);
      return finish(consortium, supervisor, end, later);
    }
  }

  private List<String> dataOf(LocalConsortium.Layout layout, SiteId id) {
    return List.of(
        "--data",
        layout.site(id).resolve("data.npz").toString(),
        "--windows",
        layout.site(id).resolve("windows").toString(),
        "--threads",
        "1");
  }

  /** What is made while the federation already runs. */
  record Later(
      List<ImageSet> training,
      List<Future<LesionCases.CaseBatch>> tests,
      Future<Optional<TestBench.Opinion>> pooled) {}

  private Later later(
      LocalConsortium.Layout layout, ExecutorService workers, List<ImageSet> training) {
    List<Future<LesionCases.CaseBatch>> tests = new ArrayList<>();
    for (SimulatedSite site : sites) {
      Path windows = layout.site(site.id()).resolve("windows");
      Callable<LesionCases.CaseBatch> task =
          () -> {
            cases.writeWindows(site, windows);
            return cases.test(site);
          };
      tests.add(workers.submit(task));
    }
    Future<Optional<TestBench.Opinion>> pooled =
        workers.submit(
            () -> {
              if (!options.pooled()) {
                return Optional.empty();
              }
              PooledBaseline.Settings settings =
                  new PooledBaseline.Settings(
                      spec(), study.training(), options.seed(), bench(all(tests)));
              return PooledBaseline.train(
                  settings, training, options.rounds(), () -> !Thread.interrupted());
            });
    return new Later(training, tests, pooled);
  }

  private ModelSpec spec() {
    int side = options.scale().counts().side();
    return new ModelSpec(options.scale().architecture(), 1, side, side, 1, 0);
  }

  private TestBench bench(List<LesionCases.CaseBatch> tests) {
    return new TestBench(
        spec(),
        Preprocessing.of(study.training()),
        tests.stream().map(LesionCases.CaseBatch::images).toList());
  }

  private StudyView watch(LocalConsortium consortium, Supervisor supervisor, CoordinatorApi api)
      throws IOException, InterruptedException {
    Disturber disturber = new Disturber(options, sites, supervisor, clock);
    Screen.Heading heading =
        new Screen.Heading(STUDY, options.rounds(), api.base() + "/studies/" + STUDY);
    double limit = timeline.now() + STUDY_MAX.toSeconds();
    List<String> alarmed = new ArrayList<>();
    while (true) {
      StudyView view = consortium.study(STUDY);
      screen.show(view, heading, timeline.now());
      for (StudyView.Site site : view.sites()) {
        if (site.firstAlarmWindow() > 0 && !alarmed.contains(site.id())) {
          alarmed.add(site.id());
          timeline.add(
              "drift", site.id(), "first alarm in window %d".formatted(site.firstAlarmWindow()));
        }
      }
      if (view.over()) {
        screen.leave();
        timeline.add("study", STUDY, view.state() + " " + view.detail());
        return view;
      }
      if (timeline.now() > limit) {
        throw new IOException(
            "study %s is %s in round %d after %s"
                .formatted(STUDY, view.state(), view.round(), STUDY_MAX));
      }
      consortium.failIfGivenUp();
      disturber.look(view);
      Pause.of(LOOK_EVERY);
    }
  }

  private DemoReport finish(
      LocalConsortium consortium, Supervisor supervisor, StudyView end, Later later)
      throws IOException, InterruptedException {
    if (!end.state().equals("COMPLETED")) {
      throw new IOException("study %s: %s %s".formatted(STUDY, end.state(), end.detail()));
    }
    Path model = options.out().resolve("model.safetensors");
    String path = "/api/v1/studies/" + STUDY + "/models/best/";
    consortium.api().download(path + "file", model);
    consortium.api().download(path + "card", options.out().resolve("MODEL_CARD.md"));
    timeline.closing();
    List<Supervisor.Life> lives = supervisor.lives();
    for (SimulatedSite site : sites) {
      supervisor.stop(site.id().value());
    }
    supervisor.stop(LocalConsortium.COORDINATOR);
    List<LesionCases.CaseBatch> tests = all(later.tests);
    Findings.Inputs inputs = new Findings.Inputs(options, study, sites, timeline, cases.label());
    Findings findings = new Findings(inputs, end, lives, bench(tests));
    List<Path> localOnly = new ArrayList<>();
    for (SimulatedSite site : sites) {
      Path state = work.resolve(site.id().value()).resolve("state");
      localOnly.add(state.resolve("studies").resolve(STUDY).resolve("local-only.safetensors"));
      Files.copy(
          state.resolve("ledger.jsonl"),
          options.out().resolve("ledger-" + site.id() + ".jsonl"),
          java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    }
    Findings.Judged judged = findings.judge(model, localOnly, get(later.pooled));
    return findings.report(judged, later.training, tests);
  }

  private static <T> List<T> all(List<Future<T>> futures) throws IOException, InterruptedException {
    List<T> values = new ArrayList<>();
    for (Future<T> future : futures) {
      values.add(get(future));
    }
    return values;
  }

  private static <T> T get(Future<T> future) throws IOException, InterruptedException {
    try {
      return future.get();
    } catch (ExecutionException failed) {
      Throwable cause = Objects.requireNonNullElse(failed.getCause(), failed);
      throw new IOException("prepare cases or baseline: " + cause.getMessage(), cause);
    }
  }
}
