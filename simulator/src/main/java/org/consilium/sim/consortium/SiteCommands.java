package org.consilium.sim.consortium;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.consilium.site.SiteMain;

/**
 * Commands of several sites at the same time in one process, beside the site node's jar: a process
 * for each would take longer to start than to do its work. Every command works on its own site's
 * state folder, as it does at a hospital.
 */
final class SiteCommands {
  /** Stands between two commands on the command line. */
  private static final String NEXT = ";";

  private SiteCommands() {}

  /** Runs them; the first that fails ends the process with its code. */
  public static void main(String[] args) {
    PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
    PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (List<String> command : apart(args)) {
        threads.execute(() -> run(out, err, command));
      }
    }
    System.exit(0);
  }

  private static void run(PrintWriter out, PrintWriter err, List<String> command) {
    int code = SiteMain.run(out, err, command.toArray(String[]::new));
    if (code != 0) {
      System.exit(code);
    }
  }

  /** The commands as one command line of this class. */
  static List<String> joined(List<List<String>> commands) {
    List<String> line = new ArrayList<>();
    for (List<String> command : commands) {
      line.addAll(command);
      line.add(NEXT);
    }
    return line;
  }

  private static List<List<String>> apart(String[] args) {
    List<List<String>> commands = new ArrayList<>();
    List<String> command = new ArrayList<>();
    for (String argument : args) {
      if (argument.equals(NEXT)) {
        commands.add(List.copyOf(command));
        command.clear();
      } else {
        command.add(argument);
      }
    }
    return commands;
  }
}
