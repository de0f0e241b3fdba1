package org.consilium.site;

import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code consilium node study …}: one proposed study, before anybody says yes. */
@Command(
    name = "study",
    description = "One proposed study in plain words.",
    mixinStandardHelpOptions = true)
final class StudyCommand {
  private final Console console;

  StudyCommand(Console console) {
    this.console = console;
  }

  @Command(
      name = "show",
      description = "The exact terms, their digest, and what the policy says.",
      mixinStandardHelpOptions = true)
  int show(
      @Parameters(paramLabel = "STUDY", description = "The study's name.") String study,
      @Option(names = "--dry-run", description = "Also list what would leave.") boolean dryRun,
      @Option(names = "--state", required = true, description = NodeCommand.STATE_HELP) Path state,
      @Option(names = "--json", description = NodeCommand.JSON_HELP) boolean json) {
    return console.run(
        json, () -> new Consents(new StateFolder(state), console.clock()).show(study, dryRun));
  }
}
