package org.consilium.coordinator.cli;

import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.consilium.coordinator.cli.CliFailure.Exit;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.roster.Act;
import org.consilium.security.roster.Person;
import org.consilium.security.roster.PersonKey;
import org.consilium.security.roster.Role;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code person}: the people of the roster and their keys. */
@Command(
    name = "person",
    mixinStandardHelpOptions = true,
    description = "People of the roster and their keys.",
    subcommands = {
      PersonCommand.New.class,
      PersonCommand.Trust.class,
      PersonCommand.Add.class,
      PersonCommand.Remove.class,
      PersonCommand.ListPersons.class
    })
final class PersonCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    return CommandLines.needsVerb(spec.commandLine());
  }

  @Command(
      name = "new",
      mixinStandardHelpOptions = true,
      description = {
        "Makes a person's key, here and for this person alone.",
        "",
        "  consilium person new ada --contact ada@example.org -o ada.key --role consortium-admin",
        ""
      })
  static final class New implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Parameters(paramLabel = "NAME", description = "2-40 of a-z, 0-9, hyphen, dot")
    private String name = "";

    @Option(
        names = "--contact",
        required = true,
        description = "an address that only this person has")
    private String contact = "";

    @Option(names = "-o", required = true, paramLabel = "FILE", description = "file to write")
    private Path file = Path.of("person.key");

    @Option(
        names = "--role",
        paramLabel = "ROLE",
        defaultValue = "consortium-admin",
        description =
            "consortium-admin, coordinator-admin, data-scientist, auditor, site-admin(SITE)")
    private List<String> roles = List.of();

    @Option(
        names = "--root",
        paramLabel = "HEX",
        description = "fingerprint of the consortium's root, if it is known: no other is trusted")
    private Optional<String> root = Optional.empty();

    @Option(names = "--json", description = "print one JSON envelope")
    private boolean json;

    @Override
    public Integer call() throws Exception {
      PersonKey key;
      Person person;
      try {
        PersonKey bare = PersonKey.create(name, contact, new SecureRandom());
        key = root.isPresent() ? bare.trusting(Fingerprint.parse(root.get())) : bare;
        person = key.as(roles.stream().map(Role::parse).toList());
      } catch (IllegalArgumentException illegal) {
        throw new CliFailure(
            Exit.USAGE,
            "CS-USAGE-001",
            String.valueOf(illegal.getMessage()),
            "consilium person new --help");
      }
      try {
        key.write(file);
      } catch (FileAlreadyExistsException there) {
        throw new CliFailure(
            Exit.NOT_FOUND_OR_CONFLICT,
            "CS-FILE-002",
            file + " is there and was not overwritten",
            "choose another -o");
      }
      Map<String, String> data = new LinkedHashMap<>();
      data.put("name", name);
      data.put("file", file.toString());
      data.put("line", person.line());
      Output.of(spec.commandLine(), json)
          .answer(
              """
              %s

              The line above is public: an administrator adds it to the roster. %s stays with you.
              """
                  .formatted(person.line(), file),
              Output.object(data));
      return 0;
    }
  }

  @Command(
      name = "trust",
      mixinStandardHelpOptions = true,
      description = {
        "Makes a key sign for one consortium alone, by its root's fingerprint.",
        "",
        "  consilium person trust --root 8f3a… --person ada.key",
        ""
      })
  static final class Trust implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Option(
        names = "--root",
        required = true,
        paramLabel = "HEX",
        description = "fingerprint of the root, as the authority's operator says it")
    private String root = "";

    @Option(names = "--person", required = true, paramLabel = "FILE", description = "the key")
    private Path file = Path.of("person.key");

    @Option(names = "--json", description = "print one JSON envelope")
    private boolean json;

    @Override
    public Integer call() throws Exception {
      PersonKey key = PersonKey.read(file);
      Fingerprint trusted;
      try {
        trusted = Fingerprint.parse(root);
      } catch (IllegalArgumentException illegal) {
        throw new CliFailure(
            Exit.USAGE,
            "CS-USAGE-001",
            "--root: " + illegal.getMessage(),
            "consilium person trust --help");
      }
      if (key.root().isPresent() && !key.root().get().equals(trusted)) {
        throw new CliFailure(
            Exit.NOT_FOUND_OR_CONFLICT,
            "CS-PERSON-002",
            "%s trusts the root %s".formatted(file, key.root().get()),
            "one key is for one consortium; make another with consilium person new");
      }
      key.trusting(trusted).replace(file);
      Map<String, String> data = new LinkedHashMap<>();
      data.put("name", key.name());
      data.put("rootFingerprint", trusted.hex());
      Output.of(spec.commandLine(), json)
          .answer(
              "%s signs for the consortium of root %s alone"
                  .formatted(key.name(), String.join(" ", trusted.words())),
              Output.object(data));
      return 0;
    }
  }

  @Command(
      name = "add",
      mixinStandardHelpOptions = true,
      description = {
        "Proposes a person for the roster; another administrator approves the proposal.",
        "",
        "  consilium person add cleo.line --person ada.key",
        ""
      })
  static final class Add implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private Server server = new Server();
    @Mixin private Signer signer = new Signer();

    @Parameters(paramLabel = "FILE", description = "the line that person new printed")
    private Path file = Path.of("-");

    @Override
    public Integer call() throws Exception {
      Person person;
      try {
        person =
            Person.parse(
                Files.readString(file, StandardCharsets.US_ASCII).lines().findFirst().orElse(""));
      } catch (IllegalArgumentException illegal) {
        throw new CliFailure(
            Exit.USAGE, "CS-USAGE-001", file + ": " + illegal.getMessage(), "consilium person new");
      }
      String answer =
          signer
              .pen(server)
              .propose(
                  Act.ADD_PERSON, person.name(), person.line().getBytes(StandardCharsets.US_ASCII));
      return ProposalCommand.proposed(spec, server, answer);
    }
  }

  @Command(
      name = "remove",
      mixinStandardHelpOptions = true,
      description = "Proposes that a person leaves the roster; another administrator approves.")
  static final class Remove implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private Server server = new Server();
    @Mixin private Signer signer = new Signer();

    @Parameters(paramLabel = "NAME")
    private String name = "";

    @Override
    public Integer call() throws Exception {
      String answer = signer.pen(server).propose(Act.REMOVE_PERSON, name, new byte[0]);
      return ProposalCommand.proposed(spec, server, answer);
    }
  }

  @Command(
      name = "list",
      mixinStandardHelpOptions = true,
      description = "The people of the newest roster.")
  static final class ListPersons implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private Server server = new Server();

    @Override
    public Integer call() throws Exception {
      String answer = server.get("/api/v1/roster");
      List<List<String>> rows =
          Json.parse(answer).get("persons").items().stream()
              .map(
                  p ->
                      List.of(
                          p.get("name").text(),
                          p.get("contact").text(),
                          p.get("roles").items().stream()
                              .map(Json::text)
                              .collect(Collectors.joining(" ")),
                          p.get("key").text()))
              .toList();
      Output.of(spec.commandLine(), server.json())
          .answer(Output.table(List.of("name", "contact", "roles", "key"), rows), answer);
      return 0;
    }
  }
}
