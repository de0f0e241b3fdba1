package org.consilium.coordinator.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.consilium.coordinator.cli.CliFailure.Exit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code coordinator backup}: all that a running coordinator holds, in one file. */
@Command(
    name = "backup",
    mixinStandardHelpOptions = true,
    description = {
      "Writes all that a running coordinator holds into one file: journal, models, open updates,",
      "keys. Rounds go on meanwhile. Who has the file can be the coordinator: keep it as such.",
      "",
      "  consilium coordinator backup --state coordinator -o monday.backup",
      ""
    })
final class BackupCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private Server server = new Server();

  @Option(
      names = {"-o", "--out"},
      paramLabel = "FILE",
      required = true,
      description = "a new file, outside the state folder")
  private Path out = Path.of("");

  @Override
  public Integer call() throws Exception {
    if (Files.exists(out)) {
      throw new CliFailure(
          Exit.NOT_FOUND_OR_CONFLICT, "CS-FILE-002", out + " is there already", "name another");
    }
    requireOutside();
    server.postAndDownload("/api/v1/backup", out);
    long bytes = Files.size(out);
    SiteCommand.output(spec, server)
        .answer(
            "%s: %d MiB; try it: consilium coordinator restore --from %s --state NEW-FOLDER"
                .formatted(out, bytes >> 20, out),
            "{\"bytes\": %d}".formatted(bytes));
    return 0;
  }

  /** In the state folder it would be lost with it, and be in the next backup. */
  private void requireOutside() throws CliFailure, IOException {
    Optional<Path> state = server.localState();
    if (state.isPresent()
        && Files.isDirectory(state.get())
        && folder(out).startsWith(state.get().toRealPath())) {
      throw new CliFailure(
          Exit.USAGE,
          "CS-BACKUP-004",
          "%s is in the state folder %s, and would be lost with it".formatted(out, state.get()),
          "name a file elsewhere, best on another disk");
    }
  }

  /** Where a file will be, without links; of folders that are not there yet, the one above. */
  private static Path folder(Path file) throws IOException {
    Path above = file.toAbsolutePath().getParent();
    while (above != null && !Files.exists(above)) {
      above = above.getParent();
    }
    return above == null ? file.toAbsolutePath() : above.toRealPath();
  }
}
