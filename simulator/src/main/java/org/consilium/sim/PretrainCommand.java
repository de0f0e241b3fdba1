package org.consilium.sim;

import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.concurrent.Callable;
import org.consilium.models.catalog.Bundled;
import org.consilium.protocol.Digest;
import org.consilium.sim.demo.Pretraining;
import org.consilium.sim.federation.Screen;
import org.consilium.sim.process.Installation;
import org.consilium.sim.scenario.SimulatedSite;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code consilium demo pretrain}. */
@Command(
    name = "pretrain",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "Makes the bundled checkpoint again: masked pre-training without labels, between real"
            + " processes, on unlabelled cases of the bundled head. Takes forty minutes or more on"
            + " two cores.",
    footer = {"", "Example:", "  consilium demo pretrain --out pretrained"})
final class PretrainCommand implements Callable<Integer> {
  private final InstantSource clock;

  @Option(names = "--out", required = true, description = "Folder to write into.")
  private Path out = Path.of(".");

  @Option(names = "--sites", defaultValue = "4", description = "Sites, 2-12 (${DEFAULT-VALUE}).")
  private int sites = 4;

  @Option(names = "--rounds", defaultValue = "120", description = "Rounds (${DEFAULT-VALUE}).")
  private int rounds = 120;

  @Option(
      names = "--cases",
      defaultValue = "4000",
      description = "Unlabelled cases at each site, 100-20000 (${DEFAULT-VALUE}).")
  private int cases = 4000;

  @Option(names = "--seed", defaultValue = "4711", description = "Root of all choices.")
  private int seed = 4711;

  @Spec private CommandSpec spec = CommandSpec.create();

  PretrainCommand(InstantSource clock) {
    this.clock = clock;
  }

  @Override
  public Integer call() throws InterruptedException {
    if (sites < 2 || sites > SimulatedSite.SITES_MAX || rounds < 1 || rounds > 500) {
      throw usage(
          "--sites must be 2-%d and --rounds 1-500, got %d and %d"
              .formatted(SimulatedSite.SITES_MAX, sites, rounds));
    }
    if (cases < 100 || cases > 20_000 || seed < 0) {
      throw usage(
          "--cases must be 100-20000 and --seed 0 or more, got %d and %d".formatted(cases, seed));
    }
    PrintStream people = new PrintStream(System.err, true, StandardCharsets.UTF_8);
    PrintWriter printer = spec.commandLine().getOut();
    try {
      Installation installation = Installation.find(System.getenv());
      Files.createDirectories(out);
      Pretraining.Order order = new Pretraining.Order(sites, rounds, cases, seed, out);
      Screen screen = new Screen(people, Terminal.isOne());
      Digest digest = new Pretraining(order, installation, clock, screen).run();
      boolean same =
          Bundled.find(Pretraining.NAME)
              .filter(b -> b.foundation().version().digest().equals(digest))
              .isPresent();
      printer.println(
          "%s  %s%s"
              .formatted(
                  out.resolve(Pretraining.FILE),
                  digest.hex(),
                  same ? "  (the bundled one, to the last bit)" : ""));
      printer.flush();
      return 0;
    } catch (IOException failed) {
      people.println("consilium demo pretrain failed: " + failed.getMessage());
      return 1;
    }
  }

  private ParameterException usage(String words) {
    return new ParameterException(spec.commandLine(), words);
  }
}
