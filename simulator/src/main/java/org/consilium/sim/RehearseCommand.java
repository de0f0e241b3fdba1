package org.consilium.sim;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.concurrent.Callable;
import org.consilium.sim.process.Installation;
import org.consilium.sim.rehearsal.Rehearsal;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code consilium rehearse}. */
@Command(
    name = "rehearse",
    mixinStandardHelpOptions = true,
    description = {
      "Runs a small study of three sites once and keeps, beside the jars, what the services had"
          + " loaded and learnt of their own code, so that those of later commands on this machine"
          + " start and warm up sooner. Takes half a minute; a build undoes it."
    },
    footer = {"", "Example:", "  consilium rehearse"})
final class RehearseCommand implements Callable<Integer> {
  private final InstantSource clock;

  @Spec private CommandSpec spec = CommandSpec.create();

  RehearseCommand(InstantSource clock) {
    this.clock = clock;
  }

  @Override
  public Integer call() throws InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    try {
      for (Path cache : new Rehearsal(Installation.find(System.getenv()), clock).run()) {
        out.println("wrote %s (%d MiB)".formatted(cache, cache.toFile().length() >> 20));
      }
      return 0;
    } catch (IOException failed) {
      spec.commandLine().getErr().println("consilium rehearse failed: " + failed.getMessage());
      return 1;
    }
  }
}
