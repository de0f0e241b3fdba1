package org.consilium.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.consilium.protocol.Encoding;
import org.consilium.sim.process.Installation;
import org.consilium.sim.process.Removal;
import org.consilium.sim.transfers.TransferFigures;
import org.consilium.sim.transfers.TransferPlan;
import org.consilium.sim.transfers.TransferRun;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code consilium bench transfers}. */
@Command(
    name = "transfers",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "Runs the same rounds over good lines and over bad ones: 4-30 Mbit/s, one site five times"
            + " slower, each line cut at random in every round, the coordinator killed twice, a"
            + " site once. Tells what crossed the lines more than once, and whether the models are"
            + " the same.",
    footer = {
      "",
      "Example:",
      "  consilium bench transfers --sites 8 --parameters 86000000 --rounds 3 --speed-up 40"
    })
final class TransfersCommand implements Callable<Integer> {
  private final InstantSource clock;

  @Option(names = "--sites", defaultValue = "8", description = "Sites, 2-32 (${DEFAULT-VALUE}).")
  private int sites = 8;

  @Option(
      names = "--parameters",
      defaultValue = "86000000",
      description = "Parameters of the model (${DEFAULT-VALUE}).")
  private long parameters = 86_000_000;

  @Option(names = "--rounds", defaultValue = "3", description = "Rounds, 2-100 (${DEFAULT-VALUE}).")
  private int rounds = 3;

  @Option(
      names = "--encoding",
      defaultValue = "full",
      description = "How updates are written: full, int16, int8 (${DEFAULT-VALUE}).")
  private String encoding = "full";

  @Option(
      names = "--speed-up",
      defaultValue = "40",
      description = "Lines this many times wider, for want of hours (${DEFAULT-VALUE}).")
  private int speedUp = 40;

  @Option(
      names = "--seed",
      defaultValue = "1",
      description = "Decides lines and cuts (${DEFAULT-VALUE}).")
  private long seed = 1;

  @Option(
      names = "--coordinator-heap",
      defaultValue = "192",
      description = "Java heap of the coordinator in MiB (${DEFAULT-VALUE}).")
  private int coordinatorHeapMiB = 192;

  @Option(
      names = "--site-heap",
      defaultValue = "256",
      description = "Java heap of each site in MiB (${DEFAULT-VALUE}).")
  private int siteHeapMiB = 256;

  @Option(
      names = "--timeout",
      defaultValue = "60",
      description = "Give up either run after so many minutes (${DEFAULT-VALUE}).")
  private int timeoutMinutes = 60;

  @Option(
      names = "--state",
      description = "New folder for all state, kept; else a temporary one, removed.")
  private Optional<Path> state = Optional.empty();

  @Spec private CommandSpec spec = CommandSpec.create();

  TransfersCommand(InstantSource clock) {
    this.clock = clock;
  }

  @Override
  public Integer call() throws InterruptedException {
    try {
      TransferFigures figures = state.isPresent() ? measure(state.get()) : temporary();
      spec.commandLine().getOut().print(figures.text());
      spec.commandLine().getOut().flush();
      return figures.shortfalls().isEmpty() ? 0 : 1;
    } catch (IllegalArgumentException illegal) {
      throw new ParameterException(
          spec.commandLine(), String.valueOf(illegal.getMessage()), illegal);
    } catch (IOException failed) {
      spec.commandLine()
          .getErr()
          .println("consilium bench transfers failed: " + failed.getMessage());
      return 1;
    }
  }

  private TransferFigures temporary() throws IOException, InterruptedException {
    Path folder = Files.createTempDirectory("consilium-bench-");
    try {
      return measure(folder);
    } finally {
      Removal.of(folder);
    }
  }

  private TransferFigures measure(Path folder) throws IOException, InterruptedException {
    TransferPlan plan =
        new TransferPlan(
            sites,
            parameters,
            rounds,
            Encoding.of(encoding),
            speedUp,
            seed,
            coordinatorHeapMiB,
            siteHeapMiB,
            timeoutMinutes);
    return new TransferRun(
            Installation.find(System.getenv()),
            plan,
            clock,
            System::nanoTime,
            line -> {
              spec.commandLine().getErr().println(line);
              spec.commandLine().getErr().flush();
            })
        .in(folder);
  }
}
