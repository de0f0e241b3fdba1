package org.consilium.bench;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.consilium.sim.federation.Machine;
import org.consilium.sim.kill.Evidence;
import org.consilium.sim.kill.RandomKills;
import org.consilium.sim.kill.Restarts;
import org.consilium.sim.kill.Trial;
import org.consilium.sim.process.Installation;
import org.consilium.sim.process.Removal;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code consilium bench kills}. */
@Command(
    name = "kills",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "Kills real processes with SIGKILL at seeded random instants, at most one in a round of a"
            + " study: the coordinator in one study, sites in another. Both must end with the model"
            + " of a third study in which nobody was killed, without an acknowledged update lost.",
    footer = {"", "Example:", "  consilium bench kills --coordinator 200 --sites 200"})
final class KillsCommand implements Callable<Integer> {
  private static final int KILLS_MAX = 490;
  private static final int SPARE_ROUNDS = 5;
  private static final int STARTS = 5;

  private final InstantSource clock;

  /** What hides an update, as a study file says it. */
  private enum Mode {
    masked,
    sealed
  }

  @Option(
      names = "--coordinator",
      defaultValue = "20",
      description = "Kills of the coordinator, 0-490 (${DEFAULT-VALUE}).")
  private int coordinator = 20;

  @Option(
      names = "--sites",
      defaultValue = "20",
      description = "Kills of sites, 0-490 (${DEFAULT-VALUE}).")
  private int sites = 20;

  @Option(names = "--nodes", defaultValue = "3", description = "Sites, 3-32 (${DEFAULT-VALUE}).")
  private int nodes = 3;

  @Option(
      names = "--parameters",
      defaultValue = "20000",
      description = "Parameters of the model (${DEFAULT-VALUE}).")
  private long parameters = 20_000;

  @Option(
      names = "--mode",
      defaultValue = "masked",
      description = "What hides an update: ${COMPLETION-CANDIDATES} (${DEFAULT-VALUE}).")
  private Mode mode = Mode.masked;

  @Option(names = "--seed", defaultValue = "1", description = "Of the instants (${DEFAULT-VALUE}).")
  private long seed = 1;

  @Option(
      names = "--timeout",
      defaultValue = "120",
      description = "Give each study up after so many minutes (${DEFAULT-VALUE}).")
  private int timeoutMinutes = 120;

  @Option(
      names = "--state",
      description = "New folder for all state, kept; else a temporary one, removed.")
  private Optional<Path> state = Optional.empty();

  @Spec private CommandSpec spec = CommandSpec.create();

  KillsCommand(InstantSource clock) {
    this.clock = clock;
  }

  @Override
  public Integer call() throws InterruptedException {
    if (coordinator < 0
        || sites < 0
        || Math.max(coordinator, sites) > KILLS_MAX
        || coordinator + sites == 0
        || nodes < 3
        || nodes > 32
        || parameters < 1) {
      throw new ParameterException(
          spec.commandLine(),
          "--coordinator and --sites must be 0-%d and not both 0, --nodes 3-32, --parameters"
                  .formatted(KILLS_MAX)
              + " positive");
    }
    try {
      return state.isPresent() ? run(state.get()) : temporary();
    } catch (IOException failed) {
      spec.commandLine().getErr().println("consilium bench kills failed: " + failed.getMessage());
      return 1;
    }
  }

  private int temporary() throws IOException, InterruptedException {
    Path folder = Files.createTempDirectory("consilium-bench-");
    try {
      return run(folder);
    } finally {
      Removal.of(folder);
    }
  }

  private int run(Path folder) throws IOException, InterruptedException {
    Installation installation = Installation.find(System.getenv());
    say("%s, %s, %d sites, %d parameters".formatted(Machine.describe(), mode, nodes, parameters));
    say("an empty virtual machine starts and ends in " + emptyStart(installation));
    Evidence quiet =
        trial(folder.resolve("quiet")).run(installation, clock, Trial.Disturbance.NONE, _ -> {});
    boolean good = said("nobody killed", quiet, quiet, 0);
    if (coordinator > 0) {
      good &= killed(installation, folder.resolve("coordinator-killed"), true, quiet);
    }
    if (sites > 0) {
      good &= killed(installation, folder.resolve("sites-killed"), false, quiet);
    }
    return good ? 0 : 1;
  }

  private boolean killed(
      Installation installation, Path folder, boolean ofCoordinator, Evidence quiet)
      throws IOException, InterruptedException {
    int count = ofCoordinator ? coordinator : sites;
    PrintWriter err = spec.commandLine().getErr();
    RandomKills kills =
        new RandomKills(
            ofCoordinator,
            count,
            seed,
            clock,
            line -> {
              err.println(line);
              err.flush();
            });
    Evidence evidence = trial(folder).run(installation, clock, kills, _ -> {});
    String name = ofCoordinator ? "coordinator killed" : "sites killed";
    boolean good = said(name, evidence, quiet, kills.done().size());
    say("  after a restart it " + Restarts.of(evidence, kills.done()).text());
    if (kills.done().size() < count) {
      say(
          "  NOT DONE: the study was over after %d of %d kills"
              .formatted(kills.done().size(), count));
      good = false;
    }
    return good;
  }

  private boolean said(String name, Evidence evidence, Evidence quiet, int kills) {
    boolean same = evidence.versions().equals(quiet.versions());
    say(
        "%s: %d kills, %d rounds in %d s, last model %s, %s"
            .formatted(
                name,
                kills,
                evidence.versions().size(),
                evidence.took().toSeconds(),
                evidence.version().substring(0, 12),
                same ? "as undisturbed" : "NOT AS UNDISTURBED"));
    say(
        "  %d updates accepted, %d receipts at the sites, %s"
            .formatted(
                evidence.accepted(),
                evidence.receipts(),
                evidence.faults().isEmpty()
                    ? "none lost, none twice, the audit chain is whole"
                    : String.join("; ", evidence.faults())));
    return same && evidence.faults().isEmpty();
  }

  private Trial trial(Path folder) {
    int kills = Math.max(coordinator, sites);
    return new Trial(
        folder,
        mode.name(),
        nodes,
        parameters,
        2 * kills + SPARE_ROUNDS, // some rounds are over before their kill
        Duration.ofMinutes(timeoutMinutes));
  }

  /** How much of a restart is nobody's but the virtual machine's. */
  private String emptyStart(Installation installation) throws IOException, InterruptedException {
    List<Long> millis = new ArrayList<>();
    for (int i = 0; i < STARTS; i++) {
      long from = clock.millis();
      Process process =
          new ProcessBuilder(installation.java().toString(), "-XX:+UseSerialGC", "-version")
              .redirectErrorStream(true)
              .start();
      process.getInputStream().readAllBytes();
      var _ = process.waitFor();
      millis.add(clock.millis() - from);
    }
    return String.format(
        Locale.ROOT,
        "%.2f s",
        millis.stream().sorted().skip(STARTS / 2).findFirst().orElse(0L) / 1e3);
  }

  private void say(String line) {
    PrintWriter out = spec.commandLine().getOut();
    out.println(line);
    out.flush();
  }
}
