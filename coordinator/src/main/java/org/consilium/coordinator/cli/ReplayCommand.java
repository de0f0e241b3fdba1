package org.consilium.coordinator.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.consilium.coordinator.cli.CliFailure.Exit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code study replay}: proves that each published version is the sum of the kept updates. */
@Command(
    name = "replay",
    mixinStandardHelpOptions = true,
    description = {
      "Does a study's rounds again from the updates that were kept, and compares every version's",
      "digest with the published one. Needs a coordinator that ran with --keep-updates.",
      "",
      "  consilium study replay cxr-pneumonia",
      ""
    })
final class ReplayCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private Server server = new Server();

  @Parameters(paramLabel = "ID")
  private String id = "";

  @Override
  public Integer call() throws Exception {
    String answer = server.postAndWait(StudyCommand.path(id) + ":replay");
    Json replay = Json.parse(answer);
    List<List<String>> rows = new ArrayList<>();
    for (Json round : replay.get("rounds").items()) {
      rows.add(
          List.of(
              round.get("round").text(), round.get("outcome").text(), round.get("detail").text()));
    }
    Output output = SiteCommand.output(spec, server);
    String table = Output.table(List.of("ROUND", "OUTCOME", "DETAIL"), rows);
    if (!replay.get("proven").text().equals("true")) {
      output.progress(table.stripTrailing());
      List<String> last = rows.getLast();
      throw new CliFailure(
          Exit.FAILED,
          "CS-AUDIT-005",
          "study %s: round %s is not proven: %s".formatted(id, last.get(0), last.get(2)),
          "docs/operating/audit.md says what a replay needs and what it proves");
    }
    output.answer(
        rows.isEmpty()
            ? "study %s has published no round yet".formatted(id)
            : table + "every published version is what came out again",
        answer);
    return 0;
  }
}
