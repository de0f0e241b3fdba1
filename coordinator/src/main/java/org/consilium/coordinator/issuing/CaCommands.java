package org.consilium.coordinator.issuing;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.consilium.coordinator.cli.CliFailure;
import org.consilium.coordinator.cli.CliFailure.Exit;
import org.consilium.coordinator.cli.CommandLines;
import org.consilium.coordinator.cli.Output;
import org.consilium.coordinator.cli.Stopping;
import org.consilium.security.identity.CertificateAuthority;
import org.consilium.security.roster.PersonKey;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ca} and {@code consortium}: the commands of the issuing authority's machine. */
@Command(
    name = "consilium",
    description = "Federated learning across hospitals: the issuing authority's commands.",
    mixinStandardHelpOptions = true,
    subcommands = {CaCommands.Ca.class, CaCommands.ConsortiumNoun.class})
final class CaCommands {
  private static final String ADDRESS = "localhost:8445";

  /** {@code ca}. */
  @Command(
      name = "ca",
      mixinStandardHelpOptions = true,
      description = "The issuing authority: a process and a key apart from the coordinator.",
      subcommands = {Init.class, Serve.class, AdmitCoordinator.class})
  static final class Ca implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
      return CommandLines.needsVerb(spec.commandLine());
    }
  }

  /** {@code consortium}. */
  @Command(
      name = "consortium",
      mixinStandardHelpOptions = true,
      description = "A whole consortium in one folder, for a pilot on one machine.",
      subcommands = ConsortiumInit.class)
  static final class ConsortiumNoun implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
      return CommandLines.needsVerb(spec.commandLine());
    }
  }

  /** Options of every command that makes something. */
  static final class Making {
    @Option(
        names = "--domain",
        required = true,
        paramLabel = "NAME",
        description = "a domain name of the consortium's own; it is part of every identity")
    private String domain = "";

    @Option(
        names = "--address",
        paramLabel = "HOST:PORT",
        defaultValue = ADDRESS,
        description = "where the coordinator will find the authority (${DEFAULT-VALUE})")
    private String address = ADDRESS;

    @Option(names = "--json", description = "print one JSON envelope")
    private boolean json;

    CertificateAuthority found(
        Path authority, Path coordinator, List<PersonKey> persons, Optional<Path> passphrase)
        throws IOException, CliFailure {
      Founding founding = new Founding(InstantSource.system(), new SecureRandom());
      try {
        Path parent = authority.toAbsolutePath().getParent();
        if (parent != null) {
          Files.createDirectories(parent);
        }
        CertificateAuthority made = founding.found(authority, domain, persons, passphrase);
        founding.admitCoordinator(made, coordinator, address);
        return made;
      } catch (FileAlreadyExistsException there) {
        throw new CliFailure(
            Exit.NOT_FOUND_OR_CONFLICT,
            "CS-CONSORTIUM-001",
            "there is a consortium in " + authority,
            "choose another --dir; an authority is never overwritten");
      } catch (IllegalArgumentException illegal) {
        throw new CliFailure(
            Exit.USAGE,
            "CS-CONSORTIUM-002",
            String.valueOf(illegal.getMessage()),
            "--domain takes a lower-case domain name such as example.org; persons differ in name,"
                + " contact and key");
      }
    }

    Map<String, String> data(Path folder, CertificateAuthority authority) {
      Map<String, String> data = new LinkedHashMap<>();
      data.put("folder", folder.toString());
      data.put("domain", authority.trustDomain());
      data.put("rootFingerprint", authority.rootFingerprint().hex());
      data.put("rootWords", String.join(" ", authority.rootFingerprint().words()));
      return data;
    }

    String described(CertificateAuthority authority) {
      return """
      consortium %s
      root fingerprint   %s
      in words           %s
      valid until        %s
      """
          .formatted(
              authority.trustDomain(),
              authority.rootFingerprint().hex(),
              String.join(" ", authority.rootFingerprint().words()),
              authority.root().getNotAfter().toInstant());
    }

    void answer(CommandSpec spec, String text, Map<String, String> data) {
      Output.of(spec.commandLine(), json).answer(text, Output.object(data));
    }
  }

  @Command(
      name = "init",
      mixinStandardHelpOptions = true,
      description = {
        "Makes root, issuing key and first roster; at least two persons sign it here.",
        "",
        "  consilium ca init --dir authority --domain example.org --person ada.key"
            + " --person ben.key --coordinator for-coordinator",
        ""
      })
  static final class Init implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private Making making = new Making();

    @Option(names = "--dir", required = true, paramLabel = "DIR", description = "folder to make")
    private Path folder = Path.of(".");

    @Option(
        names = "--person",
        required = true,
        paramLabel = "FILE",
        description = "key of a founding administrator; at least two")
    private List<Path> persons = new ArrayList<>();

    @Option(
        names = "--coordinator",
        required = true,
        paramLabel = "DIR",
        description = "folder to make for the coordinator: its certificate towards the authority")
    private Path coordinator = Path.of(".");

    @Option(
        names = "--passphrase-file",
        paramLabel = "FILE",
        description = "seals the issuing key (one made by chance, beside it)")
    private Optional<Path> passphrase = Optional.empty();

    @Override
    public Integer call() throws Exception {
      List<PersonKey> keys = new ArrayList<>();
      for (Path file : persons) {
        keys.add(PersonKey.read(file));
      }
      CertificateAuthority authority = making.found(folder, coordinator, keys, passphrase);
      for (int i = 0; i < keys.size(); i++) {
        keys.get(i).trusting(authority.rootFingerprint()).replace(persons.get(i));
      }
      making.answer(
          spec,
          making.described(authority)
              + """

              Now move %s offline, such as two sticks in two safes; carry %s to the coordinator's
              machine; keep the passphrase away from backups of %s.
              """
                  .formatted(folder.resolve("root.key"), coordinator, folder),
          making.data(folder, authority));
      return 0;
    }
  }

  @Command(
      name = "init",
      aliases = "create",
      mixinStandardHelpOptions = true,
      description = {
        "Makes an authority, two administrators' keys and the coordinator's folder in one place.",
        "",
        "  consilium consortium init --dir consortium --domain example.org",
        ""
      })
  static final class ConsortiumInit implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private Making making = new Making();

    @Option(names = "--dir", required = true, paramLabel = "DIR", description = "folder to make")
    private Path folder = Path.of(".");

    @Override
    public Integer call() throws Exception {
      SecureRandom random = new SecureRandom();
      List<PersonKey> persons = new ArrayList<>();
      for (String name : List.of("first", "second")) {
        persons.add(PersonKey.create(name, name + "@localhost", random));
      }
      CertificateAuthority authority =
          making.found(
              folder.resolve("authority"),
              folder.resolve("coordinator"),
              persons,
              Optional.empty());
      for (PersonKey person : persons) {
        person
            .trusting(authority.rootFingerprint())
            .write(folder.resolve("persons").resolve(person.name() + ".key"));
      }
      making.answer(
          spec,
          making.described(authority)
              + """

              WARNING: both administrators' keys are in %s. The two-person rule protects only when
              two people hold one each: give each their own and delete it here.
              Move %s offline. Next:
                consilium ca serve --dir %s
                consilium coordinator serve --consortium %s
              """
                  .formatted(
                      folder.resolve("persons"),
                      folder.resolve("authority").resolve("root.key"),
                      folder.resolve("authority"),
                      folder.resolve("coordinator")),
          making.data(folder, authority));
      return 0;
    }
  }

  @Command(
      name = "coordinator",
      mixinStandardHelpOptions = true,
      description = {
        "Makes a coordinator's certificate towards the authority anew.",
        "",
        "  consilium ca coordinator --dir authority --out for-coordinator",
        ""
      })
  static final class AdmitCoordinator implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Option(names = "--dir", required = true, paramLabel = "DIR")
    private Path folder = Path.of(".");

    @Option(names = "--out", required = true, paramLabel = "DIR", description = "folder to make")
    private Path out = Path.of(".");

    @Option(names = "--address", paramLabel = "HOST:PORT", defaultValue = ADDRESS)
    private String address = ADDRESS;

    @Option(names = "--passphrase-file", paramLabel = "FILE")
    private Optional<Path> passphrase = Optional.empty();

    @Override
    public Integer call() throws Exception {
      Founding founding = new Founding(InstantSource.system(), new SecureRandom());
      founding.admitCoordinator(founding.open(folder, passphrase), out, address);
      Output.of(spec.commandLine(), false)
          .answer("the coordinator's folder is " + out + "; carry it to its machine", "{}");
      return 0;
    }
  }

  @Command(
      name = "serve",
      mixinStandardHelpOptions = true,
      description = {
        "Runs the issuing authority; only the coordinator connects to it.",
        "",
        "  consilium ca serve --dir consortium/authority",
        ""
      })
  static final class Serve implements Callable<Integer> {
    private static final Pattern LIFE = Pattern.compile("(\\d{1,4})([mhd])");

    @Spec private CommandSpec spec = CommandSpec.create();

    @Option(names = "--dir", required = true, paramLabel = "DIR", description = "the authority")
    private Path folder = Path.of(".");

    @Option(
        names = "--state",
        paramLabel = "DIR",
        description = "its journal: roster, motions, memberships (DIR/state)")
    private Optional<Path> state = Optional.empty();

    @Option(names = "--host", defaultValue = "127.0.0.1", description = "(${DEFAULT-VALUE})")
    private String host = "127.0.0.1";

    @Option(names = "--port", defaultValue = "8445", description = "(${DEFAULT-VALUE}; 0: any)")
    private int port = 8445;

    @Option(
        names = "--passphrase-file",
        paramLabel = "FILE",
        defaultValue = "${env:CONSILIUM_CA_PASSPHRASE_FILE}",
        description = "opens the issuing key (DIR/passphrase)")
    private Optional<Path> passphrase = Optional.empty();

    @Option(
        names = "--site-certificate-life",
        paramLabel = "TIME",
        defaultValue = "7d",
        description = "of a site's TLS certificate, 1m to 7d (${DEFAULT-VALUE})")
    private String siteLife = "7d";

    @Override
    public Integer call() throws Exception {
      IssuingAuthority.Settings settings =
          new IssuingAuthority.Settings(
              folder,
              state.orElse(folder.resolve("state")),
              passphrase,
              new InetSocketAddress(host, port),
              life());
      try (IssuingAuthority running =
          IssuingAuthority.start(settings, InstantSource.system(), new SecureRandom())) {
        Output output = Output.of(spec.commandLine(), false);
        Stopping.closesOnSignal(output, running::close);
        output.progress("issuing authority on %s:%d".formatted(host, running.port()));
        new CountDownLatch(1).await();
      }
      return 0;
    }

    private Duration life() throws CliFailure {
      Matcher parts = LIFE.matcher(siteLife);
      if (!parts.matches()) {
        throw new CliFailure(
            Exit.USAGE,
            "CS-USAGE-001",
            "--site-certificate-life must be a length of time such as 90m or 7d",
            "consilium ca serve --help");
      }
      long amount = Long.parseLong(parts.group(1));
      Duration life =
          switch (parts.group(2)) {
            case "m" -> Duration.ofMinutes(amount);
            case "h" -> Duration.ofHours(amount);
            default -> Duration.ofDays(amount);
          };
      if (life.compareTo(CertificateAuthority.SITE_LIFE_MIN) < 0
          || life.compareTo(CertificateAuthority.SITE_LIFE_MAX) > 0) {
        throw new CliFailure(
            Exit.USAGE,
            "CS-USAGE-001",
            "--site-certificate-life %s: it must be 1m to 7d".formatted(siteLife),
            "consilium ca serve --help");
      }
      return life;
    }
  }
}
