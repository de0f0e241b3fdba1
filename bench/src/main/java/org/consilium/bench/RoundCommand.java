package org.consilium.bench;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.consilium.protocol.Encoding;
import org.consilium.protocol.SiteId;
import org.consilium.sim.Envelope;
import org.consilium.sim.consortium.LocalConsortium;
import org.consilium.sim.consortium.StudyView;
import org.consilium.sim.federation.Machine;
import org.consilium.sim.process.Installation;
import org.consilium.sim.process.Pause;
import org.consilium.sim.process.ProcessEvent;
import org.consilium.sim.process.Removal;
import org.consilium.sim.process.Supervisor;
import org.consilium.sim.scenario.SyntheticStudy;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code consilium bench round}. */
@Command(
    name = "round",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "Runs rounds of a model of any size between real processes over mutual TLS: everything is"
            + " the real path but the training, which is replaced by a seeded change of every"
            + " parameter. A round lasts from its opening to the opening of the next; the last one"
            + " to its end.",
    footer = {"", "Example:", "  consilium bench round --sites 4 --parameters 86000000 --rounds 3"})
final class RoundCommand implements Callable<Integer> {
  private static final String STUDY = "bench-round";
  private static final Duration LOOK_EVERY = Duration.ofMillis(500);

  private final InstantSource clock;

  /** What hides an update, as a study file says it. */
  private enum Mode {
    masked,
    sealed
  }

  @Option(names = "--sites", defaultValue = "4", description = "Sites, 2-32 (${DEFAULT-VALUE}).")
  private int sites = 4;

  @Option(
      names = "--parameters",
      defaultValue = "86000000",
      description = "Parameters of the model (${DEFAULT-VALUE}).")
  private long parameters = 86_000_000;

  @Option(
      names = "--mode",
      defaultValue = "masked",
      description = "What hides an update: ${COMPLETION-CANDIDATES} (${DEFAULT-VALUE}).")
  private Mode mode = Mode.masked;

  @Option(
      names = "--encoding",
      defaultValue = "full",
      description = "Of sealed updates: full, int16 or int8 (${DEFAULT-VALUE}).")
  private String encoding = "full";

  @Option(names = "--rounds", defaultValue = "3", description = "Rounds (${DEFAULT-VALUE}).")
  private int rounds = 3;

  @Option(
      names = "--coordinator-heap",
      defaultValue = "96",
      description = "Java heap of the coordinator in MiB (${DEFAULT-VALUE}).")
  private int coordinatorHeapMiB = 96;

  @Option(
      names = "--site-heap",
      defaultValue = "256",
      description = "Java heap of each site in MiB (${DEFAULT-VALUE}).")
  private int siteHeapMiB = 256;

  @Option(
      names = "--timeout",
      defaultValue = "60",
      description = "Give up after so many minutes (${DEFAULT-VALUE}).")
  private int timeoutMinutes = 60;

  @Option(
      names = "--state",
      description = "New folder for all state, kept; else a temporary one, removed.")
  private Optional<Path> state = Optional.empty();

  @Option(names = "--json", description = "One JSON envelope on standard output.")
  private boolean json;

  @Spec private CommandSpec spec = CommandSpec.create();

  RoundCommand(InstantSource clock) {
    this.clock = clock;
  }

  @Override
  public Integer call() throws InterruptedException {
    if (sites < 2 || sites > 32 || rounds < 1 || rounds > 1000 || parameters < 1) {
      throw new ParameterException(
          spec.commandLine(), "--sites must be 2-32, --rounds 1-1000, --parameters positive");
    }
    try {
      var _ = Encoding.of(encoding);
    } catch (IllegalArgumentException unknown) {
      throw new ParameterException(spec.commandLine(), "--" + unknown.getMessage(), unknown);
    }
    PrintWriter out = spec.commandLine().getOut();
    try {
      RoundMeasurement measured = state.isPresent() ? measure(state.get()) : temporary();
      out.print(json ? measured.envelope() + "\n" : measured.text());
      out.flush();
      return 0;
    } catch (IOException failed) {
      if (json) {
        out.println(Envelope.error("CS-BENCH-001", String.valueOf(failed.getMessage())));
      }
      spec.commandLine().getErr().println("consilium bench round failed: " + failed.getMessage());
      return 1;
    }
  }

  private RoundMeasurement temporary() throws IOException, InterruptedException {
    Path folder = Files.createTempDirectory("consilium-bench-");
    try {
      return measure(folder);
    } finally {
      Removal.of(folder);
    }
  }

  private RoundMeasurement measure(Path folder) throws IOException, InterruptedException {
    Installation installation = Installation.find(System.getenv());
    List<SiteId> ids = new ArrayList<>();
    for (int i = 1; i <= sites; i++) {
      ids.add(new SiteId("site-%02d".formatted(i)));
    }
    LocalConsortium.Layout layout =
        new LocalConsortium.Layout(folder.toAbsolutePath(), coordinatorHeapMiB, siteHeapMiB);
    try (Supervisor supervisor = new Supervisor(clock, this::report)) {
      supervisor.stopWithThisProcess();
      try (LocalConsortium consortium =
          LocalConsortium.start(installation, layout, clock, supervisor)) {
        var _ = consortium.await();
        consortium.join(ids);
        for (SiteId id : ids) {
          consortium.serve(id, List.of("--data", "synthetic:1000"));
        }
        consortium.approveStudy(STUDY, consortium.create(yaml(ids)), ids);
        consortium.startStudy(STUDY);
        StudyView end = watch(consortium);
        return result(end, supervisor.lives());
      }
    }
  }

  private void report(ProcessEvent event) {
    if (event instanceof ProcessEvent.GivenUp(String name, _, String why)) {
      say(name + ": " + why);
    }
  }

  private StudyView watch(LocalConsortium consortium) throws IOException, InterruptedException {
    Instant until = clock.instant().plus(Duration.ofMinutes(timeoutMinutes));
    int told = 0;
    while (true) {
      StudyView view = consortium.study(STUDY);
      List<StudyView.Round> closed =
          view.rounds().stream().filter(r -> r.closed().isPresent()).toList();
      for (; told < closed.size(); told++) {
        say(
            "round %d of %d %s, %d updates"
                .formatted(
                    closed.get(told).number(),
                    rounds,
                    closed.get(told).outcome(),
                    closed.get(told).weights().size()));
      }
      if (view.over()) {
        return view;
      }
      consortium.failIfGivenUp();
      if (clock.instant().isAfter(until)) {
        throw new IOException(
            "round %d of %d is not over after %d minutes"
                .formatted(view.round(), rounds, timeoutMinutes));
      }
      Pause.of(LOOK_EVERY);
    }
  }

  private RoundMeasurement result(StudyView end, List<Supervisor.Life> lives) throws IOException {
    if (!end.state().equals("COMPLETED")) {
      throw new IOException("study %s: %s %s".formatted(STUDY, end.state(), end.detail()));
    }
    List<RoundMeasurement.Round> measured = new ArrayList<>();
    for (int i = 0; i < end.rounds().size(); i++) {
      StudyView.Round round = end.rounds().get(i);
      Instant next =
          i + 1 < end.rounds().size()
              ? end.rounds().get(i + 1).opened()
              : round.closed().orElse(round.opened());
      double seconds = Duration.between(round.opened(), next).toMillis() / 1000.0;
      measured.add(new RoundMeasurement.Round(round.number(), seconds));
    }
    return new RoundMeasurement(
        sites,
        parameters,
        encoding.equals("full") ? mode.name() : mode.name() + " " + encoding,
        measured,
        lives.stream()
            .map(l -> new RoundMeasurement.ProcessPeak(l.role(), l.name(), l.pid(), l.peakRssKib()))
            .toList(),
        end.sites().stream().mapToLong(StudyView.Site::bytesUp).sum(),
        end.sites().stream().mapToLong(StudyView.Site::bytesDown).sum(),
        Machine.describe(),
        clock.instant().truncatedTo(ChronoUnit.SECONDS).toString());
  }

  private String yaml(List<SiteId> ids) {
    return new SyntheticStudy(
            STUDY,
            "Rounds of a synthetic model",
            parameters,
            rounds,
            mode.name(),
            Encoding.of(encoding),
            ids,
            "60m",
            1)
        .yaml();
  }

  private void say(String line) {
    spec.commandLine().getErr().println(line);
    spec.commandLine().getErr().flush();
  }
}
