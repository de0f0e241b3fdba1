package org.consilium.coordinator.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.consilium.coordinator.backup.Restore;
import org.consilium.coordinator.cli.CliFailure.Exit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code coordinator restore}: a state folder made of a backup. */
@Command(
    name = "restore",
    mixinStandardHelpOptions = true,
    description = {
      "Makes a new state folder of a backup, after every byte of it was compared.",
      "",
      "  consilium coordinator restore --from monday.backup --state coordinator",
      ""
    })
final class RestoreCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(names = "--from", paramLabel = "FILE", required = true, description = "the backup")
  private Path from = Path.of("");

  @Option(
      names = "--state",
      paramLabel = "DIR",
      required = true,
      description = "a folder that is not there yet")
  private Path state = Path.of("");

  @Option(names = "--json", description = "print one JSON envelope")
  private boolean json;

  @Override
  public Integer call() throws Exception {
    Restore.Made made;
    try {
      made = Restore.into(from, state);
    } catch (Restore.Refused refused) {
      throw new CliFailure(
          Exit.FAILED,
          "CS-BACKUP-001",
          String.valueOf(refused.getMessage()),
          "docs/operating/backup.md");
    }
    Output.of(spec.commandLine(), json)
        .answer(
            """
            %s holds the %d files of the backup of %s.
            Hospitals may have seen more than it holds: read docs/operating/backup.md before you \
            start it, with: consilium coordinator serve --state %s\
            """
                .formatted(state, made.files(), made.time(), state),
            "{\"files\": %d, \"time\": \"%s\"}".formatted(made.files(), made.time()));
    return 0;
  }
}
