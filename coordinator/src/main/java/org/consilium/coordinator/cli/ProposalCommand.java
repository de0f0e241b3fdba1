package org.consilium.coordinator.cli;

import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.consilium.coordinator.cli.CliFailure.Exit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code proposal}: what waits for a second person. */
@Command(
    name = "proposal",
    mixinStandardHelpOptions = true,
    description = "What waits for a second person.",
    subcommands = {ProposalCommand.ListProposals.class, ProposalCommand.Approve.class})
final class ProposalCommand implements Callable<Integer> {
  private static final int SHORT_ID = 12;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    return CommandLines.needsVerb(spec.commandLine());
  }

  static int proposed(CommandSpec spec, Server server, String answer) throws Exception {
    String id = Json.parse(answer).get("id").text().substring(0, SHORT_ID);
    Output.of(spec.commandLine(), server.json())
        .answer(
            "proposed; another person approves: consilium proposal approve %s --person FILE"
                .formatted(id),
            answer);
    return 0;
  }

  @Command(
      name = "list",
      mixinStandardHelpOptions = true,
      description = "Proposals that wait for signatures.")
  static final class ListProposals implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private Server server = new Server();

    @Override
    public Integer call() throws Exception {
      String answer = server.get("/api/v1/motions");
      List<List<String>> rows =
          Json.parse(answer).items().stream()
              .map(
                  m ->
                      List.of(
                          m.get("id").text().substring(0, SHORT_ID),
                          m.get("act").text(),
                          Signer.about(m),
                          m.get("signers").items().stream()
                              .map(Json::text)
                              .collect(Collectors.joining(" ")),
                          m.get("ends").text()))
              .toList();
      Output.of(spec.commandLine(), server.json())
          .answer(Output.table(List.of("id", "act", "about", "signed by", "ends"), rows), answer);
      return 0;
    }
  }

  @Command(
      name = "approve",
      mixinStandardHelpOptions = true,
      description = {
        "Signs what another person proposed.",
        "",
        "  consilium proposal approve 3f9c21ab04d7 --person ben.key",
        ""
      })
  static final class Approve implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private Server server = new Server();
    @Mixin private Signer signer = new Signer();

    @Parameters(paramLabel = "ID", description = "from proposal list; its beginning is enough")
    private String id = "";

    @Override
    public Integer call() throws Exception {
      Signer.Pen pen = signer.pen(server);
      List<Json> found =
          Json.parse(server.get("/api/v1/motions")).items().stream()
              .filter(m -> m.get("id").text().startsWith(id))
              .toList();
      if (found.size() != 1) {
        throw new CliFailure(
            Exit.NOT_FOUND_OR_CONFLICT,
            "CS-ROSTER-007",
            "%d proposals begin with %s".formatted(found.size(), id),
            "consilium proposal list");
      }
      String answer = pen.approve(found.getFirst());
      Json motion = Json.parse(answer);
      Output.of(spec.commandLine(), server.json())
          .answer(
              "%s %s: %s"
                  .formatted(
                      motion.get("act").text(),
                      motion.get("subject").text(),
                      motion.get("carried").text().equals("true") ? "done" : "waits for more"),
              answer);
      return 0;
    }
  }
}
