package org.consilium.sim.own;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.consilium.models.catalog.Catalogue;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;
import org.consilium.sim.consortium.StudyView;
import org.consilium.sim.federation.Federation;
import org.consilium.sim.federation.Screen;
import org.consilium.sim.federation.Timeline;
import org.consilium.sim.own.cases.OwnWork;
import org.consilium.sim.own.cut.Refusal;
import org.consilium.sim.own.order.Foundation;
import org.consilium.sim.own.order.RunOptions;
import org.consilium.sim.own.order.StudySheet;
import org.consilium.sim.process.Installation;
import org.consilium.sim.process.Outcome;
import org.consilium.sim.process.Removal;
import org.consilium.sim.process.Supervisor;
import org.consilium.sim.report.DemoReport;

/**
 * A study on one's own cases: everything is read and checked before any process starts, then it
 * runs on real processes as between hospitals, and all models are judged on the sites' hold-outs
 * and on common cases that no site has.
 */
public final class OwnRun {
  private static final Duration STUDY_MAX = Duration.ofHours(48);

  private final RunOptions options;
  private final Installation installation;
  private final StudySheet sheet;
  private final OwnWork<?> work;

  private OwnRun(RunOptions options, Installation installation, StudySheet sheet, OwnWork<?> work) {
    this.options = options;
    this.installation = installation;
    this.sheet = sheet;
    this.work = work;
  }

  /**
   * Reads and checks all that a run needs. Nothing runs yet, and nothing is left when it is
   * refused.
   *
   * @throws Refusal if study, data and options do not fit together; one line
   */
  public static OwnRun prepare(RunOptions options, Installation installation)
      throws Refusal, IOException, InterruptedException {
    if (options.sites() < 2 || options.sites() > RunOptions.SITES_MAX) {
      throw new Refusal(
          "--local must be 2-%d, got %d".formatted(RunOptions.SITES_MAX, options.sites()));
    }
    boolean fresh = !Files.exists(options.out());
    if (!fresh && !empty(options.out())) {
      throw new Refusal("--out: %s is not an empty folder".formatted(options.out()));
    }
    if (!Files.isDirectory(options.data()) && !Files.isRegularFile(options.data())) {
      throw new Refusal("data: no file or folder " + options.data());
    }
    Path work = Files.createTempDirectory("consilium-run");
    try {
      StudySheet sheet = StudySheet.read(options.study(), options.sites(), installation, work);
      if (Catalogue.find(sheet.plan().model()) instanceof Catalogue.Refused(String why)) {
        throw new Refusal("study file %s: %s".formatted(options.study().getFileName(), why));
      }
      OwnWork<?> cases = OwnWork.of(options, sheet);
      Foundation.check(options, sheet.plan());
      return new OwnRun(options, installation, sheet, cases);
    } finally {
      Removal.of(work);
    }
  }

  private static boolean empty(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return false;
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.findAny().isEmpty();
    }
  }

  /** One line a site, for people. */
  public List<String> describe() {
    return work.describe();
  }

  /** The study's name and length. */
  public String title() {
    return "study %s, %d rounds, %d sites"
        .formatted(sheet.plan().study(), sheet.plan().rounds(), work.sites().size());
  }

  /**
   * Runs it and leaves {@code model.safetensors}, {@code model-card.md}, {@code study.yaml} and the
   * ledgers in the output folder.
   *
   * @throws IOException if a step failed; the message names it
   */
  public DemoReport run(InstantSource clock, Screen screen)
      throws IOException, InterruptedException {
    Path place = options.work();
    List<SiteId> ids = work.sites();
    Timeline timeline = new Timeline(clock, screen);
    try (Supervisor supervisor = new Supervisor(clock, timeline::process);
        ExecutorService worker = Executors.newSingleThreadExecutor()) {
      supervisor.stopWithThisProcess();
      try {
        Files.createDirectories(place);
        Foundation.place(options, sheet.plan());
        Files.writeString(options.out().resolve("study.yaml"), sheet.yaml(ids));
        StudyPlan plan = sheet.plan();
        Federation.Order order =
            new Federation.Order(
                place, plan.study().value(), ids, plan.rounds(), options.seed(), STUDY_MAX);
        try (Federation federation =
            Federation.start(order, installation, clock, supervisor, timeline)) {
          return run(work, federation, order, new Around(worker, timeline, screen));
        }
      } finally {
        worker.shutdownNow();
        timeline.closing();
      }
    } finally {
      if (!options.keep()) {
        Removal.of(place);
      }
    }
  }

  private record Around(ExecutorService worker, Timeline timeline, Screen screen) {}

  private <P> DemoReport run(
      OwnWork<P> cases, Federation federation, Federation.Order order, Around around)
      throws IOException, InterruptedException {
    List<List<String>> arguments = new ArrayList<>();
    for (int i = 0; i < order.sites().size(); i++) {
      Path folder = order.site(order.sites().get(i));
      Files.createDirectories(folder);
      List<String> all = new ArrayList<>(cases.place(i, folder));
      all.addAll(List.of("--threads", "1"));
      arguments.add(all);
    }
    federation.join();
    for (int i = 0; i < arguments.size(); i++) {
      federation.serve(order.sites().get(i), arguments.get(i));
    }
    Optional<Path> start = options.start(sheet.plan());
    if (start.isPresent()) {
      federation.offer(start.get());
    }
    federation.begin(sheet.yaml(order.sites()));
    Future<Optional<P>> pooled =
        around.worker.submit(() -> options.pooled() ? cases.pooled() : Optional.empty());
    StudyView end = federation.watch(around.screen, Federation.LOOK_EVERY, _ -> {});
    Federation.Harvest harvest = federation.collect(end, options.out(), "model-card.md");
    return cases.report(harvest, around.timeline, Outcome.of(pooled, "train the pooled baseline"));
  }
}
