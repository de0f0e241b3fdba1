package org.consilium.coordinator.cli;

import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.consilium.coordinator.cli.CliFailure.Exit;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.identity.JoinToken;
import org.consilium.security.roster.Act;
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
      SiteCommand.Remove.class,
      SiteCommand.Readmit.class,
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
        "Proposes a hospital, if it is not on the roster, and makes its one-time token. The token",
        "works once another person has approved the hospital.",
        "",
        "  consilium site invite north --person ada.key --ttl 72h -o north.token",
        ""
      })
  static final class Invite implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private Server server = new Server();
    @Mixin private Signer signer = new Signer();

    @Parameters(paramLabel = "SITE", description = "3-40 of a-z, 0-9 and hyphen")
    private String site = "";

    @Option(names = "--ttl", defaultValue = "72h", description = "1h to 72h (${DEFAULT-VALUE})")
    private String ttl = "72h";

    @Option(names = "-o", paramLabel = "FILE", description = "file to write; default: print it")
    private Optional<Path> file = Optional.empty();

    @Override
    public Integer call() throws Exception {
      Signer.Pen pen = signer.pen(server);
      boolean known = pen.sites().contains(site);
      if (!known && !pen.proposed(Act.ADD_SITE, site)) {
        var _ = pen.propose(Act.ADD_SITE, site, new byte[0]);
      }
      JoinToken token = pen.token(site, SiteCommand.hours(ttl));
      byte[] detail =
          ByteBuffer.allocate(Fingerprint.BYTES + Long.BYTES)
              .put(token.secretDigest().bytes())
              .putLong(token.expiry().getEpochSecond())
              .array();
      var _ = pen.propose(Act.INVITE_SITE, site, detail);
      Output output = output(spec, server);
      if (!known) {
        output.progress(
            "another person has to approve: consilium site approve %s --person FILE"
                .formatted(site));
      }
      Map<String, String> data = new LinkedHashMap<>();
      data.put("site", site);
      data.put("expiry", token.expiry().toString());
      data.put("onRoster", Boolean.toString(known));
      if (file.isEmpty()) {
        data.put("token", token.text());
        output.answer(token.text(), Output.object(data));
        return 0;
      }
      try {
        token.write(file.get());
      } catch (FileAlreadyExistsException there) {
        throw new CliFailure(
            Exit.NOT_FOUND_OR_CONFLICT,
            "CS-FILE-002",
            file.get() + " is there and was not overwritten",
            "invite again with another -o; the new token replaces this one");
      }
      data.put("file", file.get().toString());
      output.answer(
          "token for %s in %s, valid until %s".formatted(site, file.get(), token.expiry()),
          Output.object(data));
      return 0;
    }
  }

  static Duration hours(String ttl) throws CliFailure {
    Matcher parts = Pattern.compile("(\\d{1,2})h").matcher(ttl);
    if (!parts.matches()) {
      throw new CliFailure(
          Exit.USAGE, "CS-USAGE-001", "--ttl must be a number of hours such as 72h", "");
    }
    return Duration.ofHours(Long.parseLong(parts.group(1)));
  }

  @Command(
      name = "approve",
      mixinStandardHelpOptions = true,
      description = {
        "Signs what another person proposed about a site; with --fingerprint, lets the site in,",
        "after its people read the words to you.",
        "",
        "  consilium site approve north --person ben.key",
        "  consilium site approve north --person ben.key --fingerprint \"six words from their"
            + " screen\"",
        ""
      })
  static final class Approve implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private Server server = new Server();
    @Mixin private Signer signer = new Signer();

    @Parameters(paramLabel = "SITE")
    private String site = "";

    @Option(
        names = "--fingerprint",
        paramLabel = "WORDS",
        description = "six words, or 64 hexadecimal digits")
    private Optional<String> fingerprint = Optional.empty();

    @Override
    public Integer call() throws Exception {
      Signer.Pen pen = signer.pen(server);
      if (fingerprint.isPresent()) {
        String answer =
            pen.propose(Act.ADMIT_KEYS, site, pen.comparedKeys(site, fingerprint.get()));
        output(spec, server).answer("site %s is ACTIVE".formatted(site), answer);
        return 0;
      }
      String answer = pen.approveAbout(site);
      output(spec, server).answer("approved what was proposed about " + site, answer);
      return 0;
    }
  }

  @Command(
      name = "remove",
      mixinStandardHelpOptions = true,
      description = "Proposes that a site leaves the roster; another person approves.")
  static final class Remove implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private Server server = new Server();
    @Mixin private Signer signer = new Signer();

    @Parameters(paramLabel = "SITE")
    private String site = "";

    @Override
    public Integer call() throws Exception {
      return propose(spec, server, signer, Act.REMOVE_SITE, site);
    }
  }

  @Command(
      name = "readmit",
      mixinStandardHelpOptions = true,
      description = "Proposes that a revoked site may be invited again; another person approves.")
  static final class Readmit implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private Server server = new Server();
    @Mixin private Signer signer = new Signer();

    @Parameters(paramLabel = "SITE")
    private String site = "";

    @Override
    public Integer call() throws Exception {
      return propose(spec, server, signer, Act.READMIT_SITE, site);
    }
  }

  private static int propose(CommandSpec spec, Server server, Signer signer, Act act, String site)
      throws Exception {
    String answer = signer.pen(server).propose(act, site, new byte[0]);
    output(spec, server)
        .answer(
            "proposed; another person approves: consilium site approve %s --person FILE"
                .formatted(site),
            answer);
    return 0;
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
