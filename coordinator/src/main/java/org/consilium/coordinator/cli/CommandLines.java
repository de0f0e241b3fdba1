package org.consilium.coordinator.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.consilium.coordinator.cli.CliFailure.Exit;
import org.consilium.coordinator.yaml.YamlRefused;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParameterException;

/** The tree of commands, and how each ends. */
public final class CommandLines {
  private CommandLines() {}

  @Command(
      name = "consilium",
      description = "Federated learning across hospitals: the coordinator's commands.",
      mixinStandardHelpOptions = true,
      versionProvider = Version.class,
      subcommands = {
        ServeCommand.Noun.class,
        SiteCommand.class,
        PersonCommand.class,
        ProposalCommand.class,
        StudyCommand.class,
        AuditCommand.class,
      })
  static final class Root {}

  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = CommandLines.class.getPackage().getImplementationVersion();
      return new String[] {"consilium " + (version == null ? "development" : version)};
    }
  }

  /** Runs a command; answers on standard output, complaints on standard error. */
  public static int run(String... arguments) {
    return run(
        new PrintWriter(System.out, true, StandardCharsets.UTF_8),
        new PrintWriter(System.err, true, StandardCharsets.UTF_8),
        arguments);
  }

  /** Runs a command of another tree in the same way. */
  public static int run(Object root, String... arguments) {
    return run(
        root,
        new PrintWriter(System.out, true, StandardCharsets.UTF_8),
        new PrintWriter(System.err, true, StandardCharsets.UTF_8),
        arguments);
  }

  static int run(PrintWriter out, PrintWriter err, String... arguments) {
    return run(new Root(), out, err, arguments);
  }

  private static int run(Object root, PrintWriter out, PrintWriter err, String... arguments) {
    CommandLine line = new CommandLine(root);
    line.setOut(out);
    line.setErr(err);
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setUsageHelpAutoWidth(true);
    Output output = new Output(out, err, Arrays.asList(arguments).contains("--json"));
    line.setParameterExceptionHandler((wrong, _) -> usage(wrong, output));
    line.setExecutionExceptionHandler(
        (failed, command, _) -> failed(failed, output, Server.saidTo(command)));
    return line.execute(arguments);
  }

  /** What a noun without a verb does. */
  public static int needsVerb(CommandLine line) {
    line.usage(line.getErr());
    return Exit.USAGE.number();
  }

  private static int usage(ParameterException wrong, Output output) {
    CommandLine line = wrong.getCommandLine();
    output.failure(
        new CliFailure(
            Exit.USAGE,
            "CS-USAGE-001",
            String.valueOf(wrong.getMessage()),
            line.getCommandSpec().qualifiedName() + " --help"));
    return Exit.USAGE.number();
  }

  private static int failed(Exception failed, Output output, String server) {
    CliFailure failure =
        switch (failed) {
          case CliFailure typed -> typed;
          case YamlRefused refused ->
              new CliFailure(
                  Exit.FAILED,
                  "CS-FILE-010",
                  String.valueOf(refused.getMessage()),
                  "the keys are described in docs/reference/");
          case IOException io -> new CliFailure(Exit.FAILED, "CS-FILE-001", message(io), "");
          default -> bug(failed);
        };
    output.failure(failure, server);
    return failure.exit().number();
  }

  /** The system's own message may be a bare name. */
  static String message(IOException io) {
    return io instanceof java.nio.file.FileSystemException file && file.getReason() == null
        ? "%s: %s"
            .formatted(
                switch (file) {
                  case java.nio.file.NoSuchFileException _ -> "no such file";
                  case java.nio.file.FileAlreadyExistsException _ -> "there already, and a file";
                  case java.nio.file.AccessDeniedException _ -> "may not be read or written";
                  default -> "file error";
                },
                file.getFile())
        : String.valueOf(io.getMessage());
  }

  /** A bug's trace goes to a file, not to the screen. */
  private static CliFailure bug(Exception bug) {
    StringWriter trace = new StringWriter();
    bug.printStackTrace(new PrintWriter(trace));
    String where;
    try {
      Path file = Files.createTempFile("consilium-error-", ".log");
      Files.writeString(file, trace.toString());
      where = "what happened is in " + file;
    } catch (IOException full) {
      where = "no file could be written about it: " + full.getMessage();
    }
    return new CliFailure(
        Exit.INTERNAL, "CS-INTERNAL-001", "internal error; " + where, "report it with that file");
  }
}
