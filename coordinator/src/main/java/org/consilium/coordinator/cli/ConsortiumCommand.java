package org.consilium.coordinator.cli;

import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.consilium.coordinator.cli.CliFailure.Exit;
import org.consilium.security.identity.CertificateAuthority;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code consortium}: the hospitals' own certificate authority. */
@Command(
    name = "consortium",
    mixinStandardHelpOptions = true,
    description = "The consortium's certificate authority.",
    subcommands = ConsortiumCommand.Create.class)
final class ConsortiumCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    return CommandLines.needsVerb(spec.commandLine());
  }

  @Command(
      name = "create",
      mixinStandardHelpOptions = true,
      description = {
        "Makes the consortium's root and issuing certificates.",
        "",
        "  consilium consortium create --dir consortium --domain example.org",
        ""
      })
  static final class Create implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Option(names = "--dir", required = true, paramLabel = "DIR", description = "folder to make")
    private Path folder = Path.of(".");

    @Option(
        names = "--domain",
        required = true,
        paramLabel = "NAME",
        description = "a domain name of the consortium's own; it is part of every identity")
    private String domain = "";

    @Option(names = "--json", description = "print one JSON envelope")
    private boolean json;

    @Override
    public Integer call() throws Exception {
      CertificateAuthority authority = create();
      Path key = folder.resolve("root.key");
      Map<String, String> data = new LinkedHashMap<>();
      data.put("folder", folder.toString());
      data.put("domain", authority.trustDomain());
      data.put("rootFingerprint", authority.rootFingerprint().hex());
      data.put("rootWords", String.join(" ", authority.rootFingerprint().words()));
      new Output(spec.commandLine().getOut(), spec.commandLine().getErr(), json)
          .answer(
              """
              consortium %s in %s
              root fingerprint   %s
              in words           %s
              valid until        %s

              Now move %s to a place that is offline, such as two sticks in two safes. It is needed
              again only to make a new issuing certificate. The coordinator works without it.
              """
                  .formatted(
                      authority.trustDomain(),
                      folder,
                      authority.rootFingerprint().hex(),
                      String.join(" ", authority.rootFingerprint().words()),
                      authority.root().getNotAfter().toInstant(),
                      key),
              Output.object(data));
      return 0;
    }

    private CertificateAuthority create() throws Exception {
      try {
        Path parent = folder.toAbsolutePath().getParent();
        if (parent != null) {
          Files.createDirectories(parent);
        }
        return CertificateAuthority.create(
            folder, domain, InstantSource.system(), new SecureRandom());
      } catch (FileAlreadyExistsException there) {
        throw new CliFailure(
            Exit.NOT_FOUND_OR_CONFLICT,
            "CS-CONSORTIUM-001",
            "there is a consortium in " + folder,
            "choose another --dir; an authority is never overwritten");
      } catch (IllegalArgumentException illegal) {
        throw new CliFailure(
            Exit.USAGE,
            "CS-CONSORTIUM-002",
            String.valueOf(illegal.getMessage()),
            "--domain takes a lower-case domain name such as example.org");
      }
    }
  }
}
