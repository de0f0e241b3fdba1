package org.consilium.sim;

import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.consilium.sim.demo.Chaos;
import org.consilium.sim.demo.DemoOptions;
import org.consilium.sim.demo.DemoRun;
import org.consilium.sim.federation.Screen;
import org.consilium.sim.process.Installation;
import org.consilium.sim.report.DemoReport;
import org.consilium.sim.report.ReportFiles;
import org.consilium.sim.scenario.Scenario;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code consilium demo}. */
@Command(
    name = "demo",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "Runs a whole consortium on this machine: a coordinator and site nodes as real processes"
            + " over mutual TLS, on real anatomy with simulated lesions, and writes a report.",
    footer = {
      "",
      "Examples:",
      "  consilium demo",
      "  consilium demo --residual --out residual",
      "  consilium demo --scenario dropout --out dropout-demo",
      "  consilium demo --chaos coordinator-kill=3,site-kill=2",
      "",
      "Exit code 0 when the study completed and, in the scenario story, the global model beats"
          + " the mean local-only model on the sites' own test cases; else 1. The same seed gives"
          + " the same model digest: for the demo alone, the sites' rounding secrets come from the"
          + " seed."
    })
final class DemoCommand implements Callable<Integer> {
  private final InstantSource clock;

  /** What hides an update, as a study file says it. */
  private enum Mode {
    masked,
    sealed
  }

  @Option(names = "--sites", defaultValue = "4", description = "Sites, 2-12 (${DEFAULT-VALUE}).")
  private int sites = 4;

  @Option(names = "--rounds", description = "Rounds (28; 25 with --residual).")
  private Optional<Integer> asked = Optional.empty();

  @Option(
      names = "--mode",
      defaultValue = "masked",
      description =
          "What hides a site's update: ${COMPLETION-CANDIDATES} (${DEFAULT-VALUE}). Masked: the"
              + " coordinator sees the sum alone; sealed: it can read single updates.")
  private Mode mode = Mode.masked;

  @Option(
      names = "--scenario",
      defaultValue = "story",
      description = "story, iid, skew, drift, straggler or dropout (${DEFAULT-VALUE}).")
  private String scenario = "story";

  @Option(names = "--seed", defaultValue = "1", description = "Root of all choices.")
  private int seed = 1;

  @Option(
      names = "--out",
      defaultValue = "consilium-demo",
      description = "Folder of the report (./${DEFAULT-VALUE}).")
  private Path out = Path.of("consilium-demo");

  @Option(
      names = "--chaos",
      defaultValue = "coordinator-kill=0,site-kill=0",
      description = "SIGKILLs at seeded moments: coordinator-kill=N,site-kill=M.")
  private String chaos = "";

  @Option(
      names = "--residual",
      description =
          "Train a residual network from random values instead of fine-tuning the bundled"
              + " checkpoint consilium-vit-mini.")
  private boolean residual;

  @Option(
      names = "--no-pooled",
      description = "Do not train the pooled baseline and the comparison from random values.")
  private boolean withoutPooled;

  @Option(names = "--tiny", hidden = true, description = "A small model on few cases, for tests.")
  private boolean tiny;

  @Option(names = "--keep", description = "Keep the work folder OUT/.work.")
  private boolean keep;

  @Option(names = "--no-browser", description = "Do not open the report.")
  private boolean withoutBrowser;

  @Option(names = "--json", description = "One JSON envelope on standard output at the end.")
  private boolean json;

  @Spec private CommandSpec spec = CommandSpec.create();

  private DemoCommand(InstantSource clock) {
    this.clock = clock;
  }

  static CommandLine line(InstantSource clock) {
    CommandLine line = new CommandLine(new DemoCommand(clock));
    line.addSubcommand("data", new DemoDataCommand());
    line.addSubcommand("pretrain", new PretrainCommand(clock));
    return line;
  }

  @Override
  public Integer call() throws InterruptedException {
    DemoOptions options = options();
    boolean terminal = Terminal.isOne();
    PrintStream usual = new PrintStream(System.err, true, StandardCharsets.UTF_8);
    try {
      Files.createDirectories(out);
      Installation installation = Installation.find(System.getenv());
      PrintStream people = NativeNoise.divert(out.resolve("engine.log"), usual);
      Screen screen = new Screen(people, terminal);
      screen.say(
          "Consilium demo: real anatomy, simulated lesions, one subject. No clinical claim.");
      screen.say(
          "%d sites, %d rounds, scenario %s, seed %d; report in %s"
              .formatted(sites, options.rounds(), options.scenario().key(), seed, out));
      try {
        DemoReport report = new DemoRun(options, installation, clock, screen).run();
        ReportFiles.write(out, report);
        return conclude(options, report, screen, terminal);
      } catch (IOException failed) {
        return fail(String.valueOf(failed.getMessage()), people);
      }
    } catch (IOException failed) {
      return fail(String.valueOf(failed.getMessage()), usual);
    }
  }

  private DemoOptions options() {
    Scenario told =
        Scenario.find(scenario)
            .orElseThrow(
                () ->
                    usage(
                        "--scenario must be one of %s, got %s"
                            .formatted(Scenario.keys(), scenario)));
    int rounds = asked.orElse(scale().rounds());
    if (mode == Mode.masked && sites < 3) {
      throw usage("--mode masked needs at least 3 sites, got " + sites);
    }
    if (sites < 2 || sites > 12 || rounds < 1 || rounds > 500) {
      throw usage(
          "--sites must be 2-12 and --rounds 1-500, got %d and %d".formatted(sites, rounds));
    }
    if (seed < 0) {
      throw usage("--seed must be 0 or more, got " + seed);
    }
    try {
      return new DemoOptions(
          sites,
          rounds,
          told,
          mode.name(),
          seed,
          out,
          keep,
          !withoutPooled,
          Chaos.parse(chaos),
          scale());
    } catch (IllegalArgumentException bad) {
      throw usage(String.valueOf(bad.getMessage()));
    }
  }

  private DemoOptions.Scale scale() {
    if (tiny) {
      return DemoOptions.Scale.TINY;
    }
    return residual ? DemoOptions.Scale.RESIDUAL : DemoOptions.Scale.DEMONSTRATION;
  }

  private ParameterException usage(String words) {
    return new ParameterException(spec.commandLine(), words);
  }

  private int conclude(DemoOptions options, DemoReport report, Screen screen, boolean terminal) {
    DemoReport.Together together = report.together();
    double global = together.globalMean().orElse(Double.NaN);
    double local = together.localOnlyMean().orElse(Double.NaN);
    screen.say(
        String.format(
            Locale.ROOT,
            "mean AUROC on own test cases: global %.3f, local-only %.3f%s",
            global,
            local,
            together
                .pooledMean()
                .map(p -> String.format(Locale.ROOT, ", pooled %.3f", p))
                .orElse("")));
    together
        .randomMean()
        .ifPresent(
            r ->
                screen.say(
                    String.format(Locale.ROOT, "the same from random values:        %.3f", r)));
    together
        .onAll()
        .global()
        .ifPresent(
            g ->
                screen.say(
                    String.format(
                        Locale.ROOT,
                        "on all sites' test cases:     global %.3f, local-only %.3f",
                        g.value(),
                        together.localOnlyMeanOnAll().orElse(Double.NaN))));
    for (DemoReport.SiteLine site : report.sites()) {
      if (site.drift().firstAlarmWindow() > 0) {
        screen.say(
            "drift: %s %s, first alarm in window %d (true onset %d)"
                .formatted(
                    site.id(),
                    site.drift().verdict(),
                    site.drift().firstAlarmWindow(),
                    site.drift().onsetWindow()));
      }
    }
    screen.say(
        String.format(
            Locale.ROOT,
            "model %s, %.1f s, report %s",
            report.head().modelDigest(),
            report.head().wallSeconds(),
            out.resolve("report.html")));
    if (json) {
      PrintWriter printer = spec.commandLine().getOut();
      printer.println(ReportFiles.envelope(report));
      printer.flush();
    }
    boolean beaten = global > local;
    boolean judged = options.scenario() == Scenario.STORY && !tiny;
    if (judged && !beaten) {
      screen.say("FAILED: the global model does not beat the mean local-only model.");
    }
    screen.say("Next:");
    screen.say(
        "  consilium demo --chaos coordinator-kill=3,site-kill=2   # kill services meanwhile");
    screen.say("  consilium demo data --out lab --sites 2 --seed 7        # do it by hand");
    screen.say("  consilium --help                                        # all commands");
    if (terminal && !withoutBrowser) {
      Browser.open(out.resolve("report.html"), System.getenv());
    }
    return judged && !beaten ? 1 : 0;
  }

  private int fail(String why, PrintStream people) {
    if (json) {
      spec.commandLine().getOut().println(Envelope.error("CS-SIM-001", why));
    }
    people.println("consilium demo failed: " + why);
    return 1;
  }
}
