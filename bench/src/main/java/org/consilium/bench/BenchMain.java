package org.consilium.bench;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code consilium bench}: measurements of the whole system. */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    description = "Measurements of the whole system on this machine.")
public final class BenchMain implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  private BenchMain() {}

  /** Runs {@code bench …} and exits with its code: 0 ok, 1 failed, 2 usage. */
  public static void main(String[] args) {
    CommandLine bench = new CommandLine(new BenchMain());
    bench.addSubcommand("round", new RoundCommand(InstantSource.system()));
    bench.addSubcommand("transfers", new TransfersCommand(InstantSource.system()));
    bench.addSubcommand("kills", new KillsCommand(InstantSource.system()));
    bench.addSubcommand("labels", new LabelsCommand());
    bench.addSubcommand("step", new StepCommand());
    bench.addSubcommand("privacy", new PrivacyCommand(InstantSource.system()));
    bench.addSubcommand("scale", new ScaleCommand(InstantSource.system(), System::nanoTime));
    CommandLine root = new CommandLine(CommandSpec.create().name("consilium"));
    root.addSubcommand("bench", bench);
    root.setOut(new PrintWriter(System.out, true, StandardCharsets.UTF_8));
    root.setErr(new PrintWriter(System.err, true, StandardCharsets.UTF_8));
    System.exit(root.execute(args));
  }

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(), "name a measurement: consilium bench round --help");
  }
}
