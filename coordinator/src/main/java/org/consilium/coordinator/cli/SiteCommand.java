package org.consilium.coordinator.cli;

import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.consilium.coordinator.cli.CliFailure.Exit;
import org.consilium.security.keyfile.KeyFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code site}: who belongs to the consortium. */
@Command(
    name = "site",
    mixinStandardHelpOptions = true,
    description = "Sites of the consortium.",
    subcommands = {
      SiteCommand.Invite.class,
      SiteCommand.Approve.class,
      SiteCommand.Deny.class,
      SiteCommand.ListSites.class,
      SiteCommand.Revoke.class
    })
final class SiteCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    return CommandLines.needsVerb(spec.commandLine());
  }

  static Output output(CommandSpec spec, Server server) {
    return new Output(spec.commandLine().getOut(), spec.commandLine().getErr(), server.json());
  }

  private static int act(
      CommandSpec spec, Server server, String id, String verb, Map<String, String> body)
      throws Exception {
    String answer =
        server.post("/api/v1/sites/" + id + ":" + verb, "application/json", Output.object(body));
    Json site = Json.parse(answer);
    output(spec, server)
        .answer(
            "site %s is %s".formatted(site.get("site").text(), site.get("state").text()), answer);
    return 0;
  }

  @Command(
      name = "invite",
      mixinStandardHelpOptions = true,
      description = {
        "Makes a one-time token for a hospital; send it by a channel of its own.",
        "",
        "  consilium site invite north --ttl 72h -o north.token",
        ""
      })
  static final class Invite implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private Server server = new Server();

    @Parameters(paramLabel = "SITE", description = "3-40 of a-z, 0-9 and hyphen")
    private String site = "";

    @Option(names = "--ttl", defaultValue = "72h", description = "1m to 72h (${DEFAULT-VALUE})")
    private String ttl = "72h";

    @Option(names = "-o", paramLabel = "FILE", description = "file to write; default: print it")
    private Optional<Path> file = Optional.empty();

    @Override
    public Integer call() throws Exception {
      Map<String, String> request = new LinkedHashMap<>();
      request.put("site", site);
      request.put("ttl", ttl);
      String answer =
          server.post("/api/v1/invitations", "application/json", Output.object(request));
      Json token = Json.parse(answer);
      String text = token.get("token").text();
      if (file.isPresent()) {
        try {
          KeyFile.create(file.get(), (text + "\n").getBytes(StandardCharsets.US_ASCII));
        } catch (FileAlreadyExistsException there) {
          throw new CliFailure(
              Exit.NOT_FOUND_OR_CONFLICT,
              "CS-FILE-002",
              file.get() + " is there and was not overwritten",
              "invite again with another -o; the new token replaces this one");
        }
        Map<String, String> data = new LinkedHashMap<>();
        data.put("site", site);
        data.put("file", file.get().toString());
        data.put("expiry", token.get("expiry").text());
        output(spec, server)
            .answer(
                "token for %s in %s, valid until %s"
                    .formatted(site, file.get(), token.get("expiry").text()),
                Output.object(data));
      } else {
        output(spec, server).answer(text, answer);
      }
      return 0;
    }
  }

  @Command(
      name = "approve",
      mixinStandardHelpOptions = true,
      description = {
        "Lets a site in, after its people read the fingerprint to you.",
        "",
        "  consilium site approve north --fingerprint \"six words from their screen\"",
        ""
      })
  static final class Approve implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private Server server = new Server();

    @Parameters(paramLabel = "SITE")
    private String site = "";

    @Option(
        names = "--fingerprint",
        required = true,
        paramLabel = "WORDS",
        description = "six words, or 64 hexadecimal digits")
    private String fingerprint = "";

    @Override
    public Integer call() throws Exception {
      return act(spec, server, site, "approve", Map.of("fingerprint", fingerprint));
    }
  }

  @Command(
      name = "deny",
      mixinStandardHelpOptions = true,
      description = "Refuses a waiting request.")
  static final class Deny implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private Server server = new Server();

    @Parameters(paramLabel = "SITE")
    private String site = "";

    @Option(names = "--reason", required = true)
    private String reason = "";

    @Override
    public Integer call() throws Exception {
      return act(spec, server, site, "deny", Map.of("reason", reason));
    }
  }

  @Command(
      name = "revoke",
      mixinStandardHelpOptions = true,
      description = {
        "Shuts a site out at once; its open connections end.",
        "",
        "  consilium site revoke north --reason \"node was stolen\"",
        ""
      })
  static final class Revoke implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private Server server = new Server();

    @Parameters(paramLabel = "SITE")
    private String site = "";

    @Option(names = "--reason", required = true)
    private String reason = "";

    @Override
    public Integer call() throws Exception {
      return act(spec, server, site, "revoke", Map.of("reason", reason));
    }
  }

  @Command(
      name = "list",
      mixinStandardHelpOptions = true,
      description = "Every site that was ever invited.")
  static final class ListSites implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private Server server = new Server();

    @Override
    public Integer call() throws Exception {
      String answer = server.get("/api/v1/sites");
      List<List<String>> rows =
          Json.parse(answer).items().stream()
              .map(
                  s ->
                      List.of(
                          s.get("site").text(),
                          s.get("state").text(),
                          s.get("since").text(),
                          s.get("words").items().stream()
                              .map(Json::text)
                              .collect(Collectors.joining(" ")),
                          s.get("reason").text()))
              .toList();
      output(spec, server)
          .answer(
              Output.table(List.of("site", "state", "since", "fingerprint", "reason"), rows),
              answer);
      return 0;
    }
  }
}
