package org.consilium.sim;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.consilium.sim.virtual.ConsortiumSim.Outcome;
import org.consilium.sim.virtual.SeedSweep;
import org.consilium.sim.virtual.SeedSweep.Failure;
import org.consilium.sim.virtual.SeedSweep.Summary;
import org.consilium.sim.virtual.Shape;
import org.consilium.sim.virtual.Shapes;
import org.consilium.sim.virtual.history.Violation;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code consilium simulate}: whole studies in virtual time, with seeded faults, checked. */
@Command(
    name = "simulate",
    mixinStandardHelpOptions = true,
    description = {
      "Runs studies of one coordinator and some sites in virtual time, with the faults that each"
          + " seed decides, and checks that every invariant holds.",
      "Exit code 0: all held. 1: one did not; the seed and the command that replays it are printed."
    },
    footer = {
      "",
      "Example:",
      "  consilium simulate --sites 10 --rounds 5 --seeds 10000 --first-seed 1 --json"
    })
final class SimulateCommand implements Callable<Integer> {
  private static final long SEEDS_MAX = 100_000_000;
  private static final int THREADS_MAX = 256;
  private static final Duration ALL = Duration.ofDays(365);

  @Option(names = "--sites", defaultValue = "10", description = "Sites, 3-20 (${DEFAULT-VALUE}).")
  private int sites = 10;

  @Option(names = "--rounds", defaultValue = "5", description = "Rounds, 1-20 (${DEFAULT-VALUE}).")
  private int rounds = 5;

  @Option(
      names = "--seeds",
      defaultValue = "100",
      description = "How many runs (${DEFAULT-VALUE}).")
  private long seeds = 100;

  @Option(
      names = "--first-seed",
      defaultValue = "1",
      description = "Seed of the first run (${DEFAULT-VALUE}).")
  private long firstSeed = 1;

  @Option(
      names = "--seconds",
      defaultValue = "0",
      description = "Begin no run after so many seconds; 0: run all seeds (${DEFAULT-VALUE}).")
  private long seconds = 0;

  @Option(
      names = "--mode",
      defaultValue = "both",
      description =
          "sealed, masked, carrying or both (${DEFAULT-VALUE}): every 16th run masked, among 5"
              + " sites; every 16th carries late updates, in 3 rounds or more.")
  private String mode = "both";

  @Option(
      names = "--threads",
      defaultValue = "0",
      description = "Runs side by side; 0: one a processor.")
  private int threads = 0;

  @Option(names = "--story", description = "Print all that happened; for one seed.")
  private boolean story = false;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json = false;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    Shapes shapes = shapes();
    PrintWriter out = spec.commandLine().getOut();
    SeedSweep sweep = new SeedSweep(shapes, System::nanoTime);
    if (story) {
      Outcome told = sweep.told(firstSeed);
      told.lines().forEach(out::println);
      out.flush();
    }
    int beside = threads > 0 ? threads : Runtime.getRuntime().availableProcessors();
    Duration most = seconds > 0 ? Duration.ofSeconds(seconds) : ALL;
    Summary summary = sweep.run(firstSeed, seeds, beside, most);
    out.println(json ? json(summary) : words(summary));
    out.flush();
    return summary.failed() == 0 ? 0 : 1;
  }

  private Shapes shapes() {
    within("--sites", Shape.SITES_MIN, sites, Shape.SITES_MAX);
    within("--rounds", 1, rounds, Shape.ROUNDS_MAX);
    within("--seeds", 1, seeds, SEEDS_MAX);
    within("--first-seed", 0, firstSeed, Long.MAX_VALUE - SEEDS_MAX);
    within("--threads", 0, threads, THREADS_MAX);
    within("--seconds", 0, seconds, ALL.toSeconds());
    if (story && seeds != 1) {
      throw wrong("--story is for one seed, got --seeds %d".formatted(seeds));
    }
    if (story && seconds != 0) {
      throw wrong("--story and --seconds are not for one command");
    }
    if (story && json) {
      throw wrong("--story and --json are not for one command");
    }
    for (Shapes.Choice choice : Shapes.Choice.values()) {
      if (choice.name().toLowerCase(Locale.ROOT).equals(mode)) {
        return new Shapes(choice, sites, rounds);
      }
    }
    throw wrong("--mode must be sealed, masked, carrying or both, got " + mode);
  }

  private void within(String option, long least, long given, long most) {
    if (given < least || given > most) {
      throw wrong("%s must be %d-%d, got %d".formatted(option, least, most, given));
    }
  }

  private ParameterException wrong(String words) {
    return new ParameterException(spec.commandLine(), words);
  }

  private String replay(Failure failure) {
    return "consilium simulate --mode %s --sites %d --rounds %d --seeds 1 --first-seed %d --story"
        .formatted(mode, sites, rounds, failure.seed());
  }

  private String words(Summary s) {
    StringBuilder words = new StringBuilder();
    for (Failure failure : s.failures()) {
      words.append(
          "seed %d (%s, %d sites, %d rounds)%n"
              .formatted(
                  failure.seed(),
                  failure.shape().mode().name().toLowerCase(Locale.ROOT),
                  failure.shape().sites(),
                  failure.shape().rounds()));
      for (Violation violation : failure.violations()) {
        words.append("  ").append(violation).append('\n');
      }
      words.append("  replay: ").append(replay(failure)).append('\n');
    }
    words.append(
        ("%d runs from seed %d on, %d of them masked, %d rounds, %d late updates carried, %.1f"
                + " hours of virtual time%n")
            .formatted(
                s.seeds(),
                firstSeed,
                s.masked(),
                s.rounds(),
                s.carried(),
                s.virtualSeconds() / 3600));
    words.append("%.1f s, %.1f seeds a second%n".formatted(s.seconds(), s.rate()));
    new TreeMap<>(s.faults())
        .forEach((fault, n) -> words.append("  %-32s %d%n".formatted(fault.word(), n)));
    words.append(
        s.failed() == 0
            ? "every invariant held"
            : "%d of %d seeds broke an invariant".formatted(s.failed(), s.seeds()));
    return words.toString();
  }

  private String json(Summary s) {
    ObjectNode root = JsonMapper.builder().build().createObjectNode();
    root.put("schemaVersion", 1)
        .put("status", s.failed() == 0 ? "ok" : "violated")
        .put("firstSeed", firstSeed)
        .put("seeds", s.seeds())
        .put("masked", s.masked())
        .put("failed", s.failed())
        .put("rounds", s.rounds())
        .put("carried", s.carried())
        .put("virtualSeconds", Math.rint(s.virtualSeconds()))
        .put("seconds", Math.rint(s.seconds() * 1000) / 1000)
        .put("seedsPerSecond", Math.rint(s.rate() * 10) / 10);
    ObjectNode faults = root.putObject("faults");
    new TreeMap<>(s.faults()).forEach((fault, n) -> faults.put(fault.word(), n));
    ArrayNode failures = root.putArray("failures");
    for (Failure failure : s.failures()) {
      ObjectNode one = failures.addObject().put("seed", failure.seed());
      ArrayNode violations = one.putArray("violations");
      failure
          .violations()
          .forEach(
              v ->
                  violations
                      .addObject()
                      .put("invariant", v.invariant().name())
                      .put("detail", v.detail()));
      one.put("replay", replay(failure));
    }
    return root.toString();
  }
}
