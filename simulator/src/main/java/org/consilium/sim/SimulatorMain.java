package org.consilium.sim;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/**
 * Answers {@code consilium demo}, {@code run}, {@code simulate}, {@code rehearse} and, for the
 * whole product, {@code consilium --help}: the map of all commands of all modules.
 */
@Command(name = "consilium", mixinStandardHelpOptions = false)
public final class SimulatorMain implements Runnable {
  private SimulatorMain() {}

  /** Runs a command line and exits with its code: 0 ok, 1 failed, 2 usage. */
  public static void main(String[] args) {
    PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
    PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
    System.exit(run(args, InstantSource.system(), out, err));
  }

  static int run(String[] args, InstantSource clock, PrintWriter out, PrintWriter err) {
    String first = args.length == 0 ? "--help" : args[0];
    switch (first) {
      case "--help", "-h", "help" -> {
        out.print(CommandMap.text());
        out.flush();
        return 0;
      }
      case "--version", "-V", "version" -> {
        out.println("consilium " + CommandMap.version());
        return 0;
      }
      default -> {}
    }
    CommandLine line = new CommandLine(new SimulatorMain());
    line.addSubcommand("demo", DemoCommand.line(clock));
    line.addSubcommand("run", new RunCommand(clock));
    line.addSubcommand("simulate", new SimulateCommand());
    line.addSubcommand("rehearse", new RehearseCommand(clock));
    line.setOut(out).setErr(err);
    line.setUnmatchedArgumentsAllowed(false);
    line.setParameterExceptionHandler(
        (problem, given) -> {
          err.println("consilium: " + problem.getMessage());
          if (!List.of("demo", "run", "simulate", "rehearse").contains(first)) {
            CommandMap.nearest(first)
                .ifPresent(near -> err.println("Did you mean: consilium " + near + " ?"));
          }
          err.println("See: consilium --help");
          return 2;
        });
    return line.execute(args);
  }

  @Override
  public void run() {
    throw new IllegalStateException("the map of commands is printed before");
  }
}
