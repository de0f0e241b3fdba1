package org.consilium.sim.own;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.consilium.models.catalog.Catalogue;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.NpzWriter;
import org.consilium.models.data.Split;
import org.consilium.models.engine.Preprocessing;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;
import org.consilium.sim.consortium.StudyView;
import org.consilium.sim.federation.Federation;
import org.consilium.sim.federation.Screen;
import org.consilium.sim.federation.Timeline;
import org.consilium.sim.process.Installation;
import org.consilium.sim.process.Removal;
import org.consilium.sim.process.Supervisor;
import org.consilium.sim.report.DemoReport;
import org.consilium.sim.score.PooledBaseline;
import org.consilium.sim.score.TestBench;

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
  private final OwnCases cases;
  private final List<OwnSite> sites;

  /**
   * One site of a run.
   *
   * @param differs how its cases differ, in words
   */
  record OwnSite(SiteId id, ImageSet training, ImageSet holdout, String differs) {}

  private OwnRun(
      RunOptions options,
      Installation installation,
      StudySheet sheet,
      OwnCases cases,
      List<OwnSite> sites) {
    this.options = options;
    this.installation = installation;
    this.sheet = sheet;
    this.cases = cases;
    this.sites = sites;
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
    if (!Files.exists(options.data())) {
      throw new Refusal("data: no file or folder " + options.data());
    }
    Path work = Files.createTempDirectory("consilium-run");
    try {
      StudySheet sheet = StudySheet.read(options.study(), options.sites(), installation, work);
      if (Catalogue.find(sheet.plan().model()) instanceof Catalogue.Refused(String why)) {
        throw new Refusal("study file %s: %s".formatted(options.study().getFileName(), why));
      }
      OwnCases cases =
          OwnCases.read(
              new OwnCases.Source(
                  options.data(), options.resize(), options.columns(), options.seed()),
              sheet.plan());
      return new OwnRun(options, installation, sheet, cases, sites(options, sheet, cases));
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

  private static List<OwnSite> sites(RunOptions options, StudySheet sheet, OwnCases cases)
      throws Refusal {
    StudyPlan plan = sheet.plan();
    List<Cut.Piece> pieces =
        Cut.of(
            cases.training(),
            new Cut.Order(
                options.partition(),
                options.sites(),
                plan.protection().minSamples(),
                options.seed()));
    List<Shift> shifts = Shift.of(options.shift(), options.sites(), options.seed());
    List<OwnSite> sites = new ArrayList<>();
    for (int i = 0; i < pieces.size(); i++) {
      Cut.Piece piece = pieces.get(i);
      SiteId id = sheet.named() ? plan.participation().sites().get(i) : new SiteId(piece.name());
      ImageSet all = cases.training().images();
      ImageSet training = shifts.get(i).apply(all.subset(array(piece.training())));
      ImageSet holdout = shifts.get(i).apply(all.subset(array(piece.holdout())));
      sites.add(new OwnSite(id, training, holdout, differs(piece, training, shifts.get(i), plan)));
    }
    return List.copyOf(sites);
  }

  private static int[] array(List<Integer> places) {
    return places.stream().mapToInt(Integer::intValue).toArray();
  }

  private static String differs(Cut.Piece piece, ImageSet training, Shift shift, StudyPlan plan) {
    StringBuilder words = new StringBuilder();
    words.append(
        "%.0f %% %s"
            .formatted(100.0 * training.countOf(1) / training.count(), plan.labels().get(1)));
    words.append(", %d kept as hold-out".formatted(piece.holdout().size()));
    if (!shift.words().isEmpty()) {
      words.append(", ").append(shift.words());
    }
    return words.append('.').toString();
  }

  /** One line a site, for people. */
  public List<String> describe() {
    return sites.stream()
        .map(s -> "%s: %d training cases, %s".formatted(s.id, s.training.count(), s.differs))
        .toList();
  }

  /** The study's name and length. */
  public String title() {
    return "study %s, %d rounds, %d sites"
        .formatted(sheet.plan().study(), sheet.plan().rounds(), sites.size());
  }

  /**
   * Runs it and leaves {@code model.safetensors}, {@code model-card.md}, {@code study.yaml} and the
   * ledgers in the output folder.
   *
   * @throws IOException if a step failed; the message names it
   */
  public DemoReport run(InstantSource clock, Screen screen)
      throws IOException, InterruptedException {
    Path work = options.out().toAbsolutePath().resolve(".work");
    Files.createDirectories(work);
    List<SiteId> ids = sites.stream().map(OwnSite::id).toList();
    Files.writeString(options.out().resolve("study.yaml"), sheet.yaml(ids));
    Timeline timeline = new Timeline(clock, screen);
    try (Supervisor supervisor = new Supervisor(clock, timeline::process);
        ExecutorService worker = Executors.newSingleThreadExecutor()) {
      supervisor.stopWithThisProcess();
      try {
        StudyPlan plan = sheet.plan();
        Federation.Order order =
            new Federation.Order(
                work, plan.study().value(), ids, plan.rounds(), options.seed(), STUDY_MAX);
        try (Federation federation =
            Federation.start(order, installation, clock, supervisor, timeline)) {
          return run(federation, order, worker, timeline, screen);
        }
      } finally {
        worker.shutdownNow();
        timeline.closing();
      }
    } finally {
      if (!options.keep()) {
        Removal.of(work);
      }
    }
  }

  private DemoReport run(
      Federation federation,
      Federation.Order order,
      ExecutorService worker,
      Timeline timeline,
      Screen screen)
      throws IOException, InterruptedException {
    for (OwnSite site : sites) {
      Files.createDirectories(order.site(site.id));
      NpzWriter.write(
          order.site(site.id).resolve("data.npz"),
          Map.of(Split.TRAIN, site.training, Split.VALIDATION, site.holdout));
    }
    federation.join();
    for (OwnSite site : sites) {
      Path file = order.site(site.id).resolve("data.npz");
      federation.serve(site.id, List.of("--data", file.toString(), "--threads", "1"));
    }
    federation.begin(sheet.yaml(order.sites()));
    Future<Optional<TestBench.Opinion>> pooled = worker.submit(this::pooled);
    StudyView end = federation.watch(screen, _ -> {});
    Federation.Harvest harvest = federation.collect(end, options.out(), "model-card.md");
    OwnFindings.Inputs inputs =
        new OwnFindings.Inputs(options, sheet.plan(), sites, cases, timeline);
    return new OwnFindings(inputs, harvest, bench()).report(get(pooled));
  }

  private TestBench bench() {
    List<ImageSet> tests = new ArrayList<>(sites.stream().map(OwnSite::holdout).toList());
    tests.add(cases.common());
    return new TestBench(sheet.plan().model(), Preprocessing.of(sheet.plan().training()), tests);
  }

  private Optional<TestBench.Opinion> pooled() throws IOException {
    if (!options.pooled()) {
      return Optional.empty();
    }
    StudyPlan plan = sheet.plan();
    return PooledBaseline.train(
        new PooledBaseline.Settings(plan.model(), plan.training(), plan.seed(), bench()),
        sites.stream().map(OwnSite::training).toList(),
        plan.rounds(),
        () -> !Thread.interrupted());
  }

  private static <T> T get(Future<T> future) throws IOException, InterruptedException {
    try {
      return future.get();
    } catch (ExecutionException failed) {
      Throwable cause = Objects.requireNonNullElse(failed.getCause(), failed);
      throw new IOException("train the pooled baseline: " + cause.getMessage(), cause);
    }
  }
}
