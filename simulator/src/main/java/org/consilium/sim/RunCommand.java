package org.consilium.sim;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.consilium.sim.federation.Screen;
import org.consilium.sim.own.OwnRun;
import org.consilium.sim.own.cut.Partition;
import org.consilium.sim.own.cut.Refusal;
import org.consilium.sim.own.cut.Shift;
import org.consilium.sim.own.order.RunOptions;
import org.consilium.sim.own.order.SiteOptions;
import org.consilium.sim.process.Installation;
import org.consilium.sim.report.DemoReport;
import org.consilium.sim.report.ReportFiles;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code consilium run}. */
@Command(
    name = "run",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "Runs a study file on your own cases: they are shared out among simulated sites, which"
            + " train as real processes over mutual TLS; writes model, report and ledgers.",
    footer = {
      "",
      "Examples:",
      "  consilium run study.yaml --local 3 --data cases/ --out result",
      "  consilium run docs/examples/pneumonia.yaml --local 4 --data pneumoniamnist.npz \\",
      "    --partition label-skew:0.3 --shift gamma,contrast --out result",
      "",
      "Partitions: iid; label-skew:S spreads the prevalence, 0 < S < 1; dirichlet:ALPHA shares each"
          + " class out at random, near one-class sites below 1; by:COLUMN one site a value.",
      "Exit code 0 when the study completed, 2 when study, data and options do not fit together,"
          + " else 1."
    })
final class RunCommand implements Callable<Integer> {
  private static final int USAGE = 2;

  private final InstantSource clock;

  @Parameters(paramLabel = "STUDY.yaml", description = "The study file; it may name no sites.")
  private Path study = Path.of("study.yaml");

  @Option(names = "--local", required = true, description = "Sites on this machine, 2-16.")
  private int sites;

  @Option(
      names = "--data",
      required = true,
      description =
          "FILE.npz, TABLE.csv, a folder of pictures with a table, or one with images/ and"
              + " labels/.")
  private Path data = Path.of(".");

  @Option(
      names = "--partition",
      defaultValue = "iid",
      description = "iid, label-skew:S, dirichlet:ALPHA or by:COLUMN (${DEFAULT-VALUE}).")
  private String partition = "iid";

  @Option(
      names = "--shift",
      defaultValue = "",
      description = "Makes the sites' scanners differ: gamma, contrast or both.")
  private String shift = "";

  @Option(names = "--seed", defaultValue = "1", description = "Of partition, shift and rounding.")
  private int seed = 1;

  @Option(names = "--out", required = true, description = "Folder to make; absent or empty.")
  private Path out = Path.of(".");

  @Option(names = "--resize", description = "Bring a folder's pictures to the study's size.")
  private boolean resize;

  @Option(names = "--no-pooled", description = "Do not train the pooled baseline.")
  private boolean withoutPooled;

  @Option(
      names = "--hold-back",
      defaultValue = "0",
      description =
          "Pictures with masks: each site's first N images are judged and used for nothing else;"
              + " without it 15 %% of them.")
  private int holdBack;

  @Option(
      names = "--site-option",
      paramLabel = "SITE.KEY=VALUE",
      description =
          "Pictures with masks: invert=true for dark structures on a light ground, shrink=N to"
              + " make them smaller, holdBack=N. May be repeated.")
  private List<String> siteOptions = new ArrayList<>();

  @Option(
      names = "--foundation",
      paramLabel = "FILE",
      description =
          "The safetensors file that the study's model.foundation names, where it does not come"
              + " with this program.")
  private @Nullable Path foundation;

  @Option(names = "--keep", description = "Keep the work folder OUT/.work.")
  private boolean keep;

  @Option(names = "--json", description = "One JSON envelope on standard output at the end.")
  private boolean json;

  @Spec private CommandSpec spec = CommandSpec.create();

  RunCommand(InstantSource clock) {
    this.clock = clock;
  }

  @Override
  public Integer call() throws InterruptedException {
    PrintStream people = new PrintStream(System.err, true, StandardCharsets.UTF_8);
    try {
      OwnRun run = OwnRun.prepare(options(), Installation.find(System.getenv()));
      Files.createDirectories(out);
      return run(run, NativeNoise.divert(out.resolve("engine.log"), people));
    } catch (Refusal | IllegalArgumentException refused) {
      return fail(String.valueOf(refused.getMessage()), "CS-USAGE-001", USAGE, people);
    } catch (IOException failed) {
      return fail(String.valueOf(failed.getMessage()), "CS-SIM-001", 1, people);
    }
  }

  private RunOptions options() {
    if (holdBack < 0) {
      throw new IllegalArgumentException("--hold-back must be 0 or more, got " + holdBack);
    }
    return new RunOptions(
        study,
        data,
        sites,
        Partition.parse(partition),
        shift.isEmpty() ? Shift.Kinds.NONE : Shift.Kinds.parse(shift),
        seed,
        out,
        !withoutPooled,
        resize,
        keep,
        holdBack,
        SiteOptions.parse(siteOptions),
        Optional.ofNullable(foundation));
  }

  private int run(OwnRun run, PrintStream people) throws InterruptedException {
    Screen screen = new Screen(people, Terminal.isOne());
    screen.say("Consilium run: %s, seed %d; report in %s".formatted(run.title(), seed, out));
    run.describe().forEach(line -> screen.say("  " + line));
    try {
      DemoReport report = run.run(clock, screen);
      ReportFiles.write(out, report);
      conclude(report, screen);
      return 0;
    } catch (IOException failed) {
      return fail(String.valueOf(failed.getMessage()), "CS-SIM-001", 1, people);
    }
  }

  private void conclude(DemoReport report, Screen screen) {
    for (DemoReport.DrawnLine line : report.drawn()) {
      screen.say(
          "%-16s on %d held-back images, Dice: alone %s, pooled %s, global %s, personal %s, kept %s (%s)"
              .formatted(
                  line.site(),
                  line.heldBack(),
                  number(line.alone()),
                  number(line.pooled()),
                  number(line.global()),
                  number(line.personal()),
                  number(line.kept()),
                  line.choice()));
    }
    for (DemoReport.Quality line : report.qualities()) {
      if (line.cases().equals("common")) {
        screen.say(
            "%-22s on %d common cases: AUROC %s, accuracy %s, balanced accuracy %s"
                .formatted(
                    line.model(),
                    line.count(),
                    line.auroc().map(RunCommand::number).orElse("–"),
                    number(line.accuracy()),
                    line.balancedAccuracy().map(RunCommand::number).orElse("–")));
      }
    }
    if (report.drawn().isEmpty() && report.qualities().isEmpty()) {
      screen.say(
          "global model of round %d, mean %s that the sites released: %s, local-only %s"
              .formatted(
                  report.head().bestRound(),
                  report.head().words().measure(),
                  number(report.together().globalMean()),
                  number(report.together().localOnlyMean())));
    }
    screen.say(
        String.format(
            Locale.ROOT,
            "model %s of round %d, %.1f s, report %s",
            report.head().modelDigest(),
            report.head().bestRound(),
            report.head().wallSeconds(),
            out.resolve("report.html")));
    if (json) {
      spec.commandLine().getOut().println(ReportFiles.envelope(report));
      spec.commandLine().getOut().flush();
    }
  }

  private static String number(Optional<Double> dice) {
    return dice.map(d -> String.format(Locale.ROOT, "%.3f", d)).orElse("–");
  }

  private static String number(DemoReport.Score score) {
    return String.format(Locale.ROOT, "%.3f (%.3f-%.3f)", score.value(), score.low(), score.high());
  }

  private int fail(String why, String code, int exit, PrintStream people) {
    if (json) {
      spec.commandLine().getOut().println(Envelope.error(code, why));
    }
    people.println("consilium run: " + why);
    return exit;
  }
}
