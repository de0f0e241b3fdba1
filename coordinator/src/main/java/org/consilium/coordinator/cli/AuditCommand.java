package org.consilium.coordinator.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.consilium.coordinator.audit.BundleVerifier;
import org.consilium.coordinator.audit.Verdict;
import org.consilium.coordinator.cli.CliFailure.Exit;
import org.consilium.security.identity.Fingerprint;
import org.consilium.security.witness.CheckpointRefused;
import org.consilium.security.witness.SignedCheckpoint;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code audit}: check the coordinator's log, and take it home to check it there. */
@Command(
    name = "audit",
    mixinStandardHelpOptions = true,
    description = "The coordinator's audit log.",
    subcommands = {AuditCommand.Verify.class, AuditCommand.Export.class})
final class AuditCommand implements Callable<Integer> {
  private static final String BUNDLE = "/api/v1/audit/bundle";

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    return CommandLines.needsVerb(spec.commandLine());
  }

  @Command(
      name = "export",
      mixinStandardHelpOptions = true,
      description = {
        "Writes a bundle that anybody can check without this coordinator. It holds names and"
            + " hashes,",
        "no content.",
        "",
        "  consilium audit export --out consortium.audit",
        "  consilium audit verify --bundle consortium.audit --root FINGERPRINT",
        ""
      })
  static final class Export implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private Server server = new Server();

    @Option(names = "--out", required = true, paramLabel = "FILE", description = "file to write")
    private Path out = Path.of("");

    @Override
    public Integer call() throws Exception {
      server.download(BUNDLE, out.toAbsolutePath());
      long bytes = Files.size(out);
      SiteCommand.output(spec, server)
          .answer(
              "%s: %d bytes; check it with: consilium audit verify --bundle %s --root FINGERPRINT"
                  .formatted(out, bytes, out),
              Output.object(Map.of("file", out.toString(), "bytes", String.valueOf(bytes))));
      return 0;
    }
  }

  @Command(
      name = "verify",
      mixinStandardHelpOptions = true,
      description = {
        "Checks chain, tree, checkpoints and cosignatures, and names the first bad entry. With",
        "--bundle it needs no coordinator, only the file and the root's fingerprint.",
        "",
        "  consilium audit verify",
        "  consilium audit verify --bundle consortium.audit --root FINGERPRINT --against north.txt",
        ""
      })
  static final class Verify implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private Server server = new Server();

    @Option(names = "--bundle", paramLabel = "FILE", description = "a bundle; offline")
    private Optional<Path> bundle = Optional.empty();

    @Option(
        names = "--root",
        paramLabel = "FINGERPRINT",
        description = "of the consortium's root, 64 hexadecimal digits; needed with --bundle")
    private Optional<String> root = Optional.empty();

    @Option(
        names = "--against",
        paramLabel = "FILE",
        description = "a checkpoint that a hospital kept (consilium node audit --out FILE)")
    private List<Path> against = new ArrayList<>();

    @Override
    public Integer call() throws Exception {
      Verdict verdict = verdict();
      String data = data(verdict, root.isPresent());
      if (!verdict.whole()) {
        SiteCommand.output(spec, server).progress(text(verdict, root.isPresent()));
        throw new CliFailure(
            Exit.FAILED,
            "CS-AUDIT-001",
            complaint(verdict),
            "keep the files as they are; docs/operating/audit.md says what to do");
      }
      SiteCommand.output(spec, server).answer(text(verdict, root.isPresent()), data);
      return 0;
    }

    private Verdict verdict() throws Exception {
      Optional<Fingerprint> expected = root();
      List<BundleVerifier.Kept> kept = kept();
      if (bundle.isPresent()) {
        return verify(bundle.get(), expected, kept);
      }
      Path file = Files.createTempFile("consilium-", ".audit");
      try {
        server.download(BUNDLE, file);
        return verify(file, expected, kept);
      } finally {
        Files.deleteIfExists(file);
      }
    }

    private static Verdict verify(
        Path file, Optional<Fingerprint> expected, List<BundleVerifier.Kept> kept)
        throws CliFailure {
      try (InputStream in = Files.newInputStream(file)) {
        return BundleVerifier.verify(in, expected, kept);
      } catch (IOException unreadable) {
        throw new CliFailure(
            Exit.FAILED,
            "CS-AUDIT-002",
            "read bundle %s: %s".formatted(file, CommandLines.message(unreadable)),
            "a bundle is made with: consilium audit export --out FILE");
      }
    }

    private Optional<Fingerprint> root() throws CliFailure {
      if (bundle.isPresent() && root.isEmpty()) {
        throw new CliFailure(
            Exit.USAGE,
            "CS-USAGE-001",
            "--bundle needs --root: a bundle cannot vouch for its own root",
            "consilium audit verify --help");
      }
      try {
        return root.map(String::strip).map(Fingerprint::parse);
      } catch (IllegalArgumentException illegal) {
        throw new CliFailure(Exit.USAGE, "CS-USAGE-001", "--root: " + illegal.getMessage(), "");
      }
    }

    private List<BundleVerifier.Kept> kept() throws Exception {
      List<BundleVerifier.Kept> kept = new ArrayList<>();
      for (Path file : against) {
        try {
          kept.add(
              new BundleVerifier.Kept(
                  String.valueOf(file.getFileName()),
                  SignedCheckpoint.parse(Files.readString(file, StandardCharsets.UTF_8))));
        } catch (CheckpointRefused refused) {
          throw new CliFailure(
              Exit.FAILED,
              "CS-AUDIT-003",
              "read %s: %s".formatted(file, refused.getMessage()),
              "a hospital writes it with: consilium node audit --state DIR --out FILE");
        }
      }
      return kept;
    }
  }

  private static String complaint(Verdict verdict) {
    StringBuilder text = new StringBuilder("the audit log is not whole");
    verdict
        .firstBad()
        .ifPresent(bad -> text.append("; the first bad entry is ").append(place(bad)));
    verdict.findings().forEach(f -> text.append("\n  ").append(f.detail()));
    return text.toString();
  }

  /** A rewritten log shows between which two checkpoints, not where. */
  private static String place(Verdict.Finding bad) {
    return bad.last() == bad.first() || bad.last() == Long.MAX_VALUE
        ? String.valueOf(bad.first())
        : "one of %d to %d".formatted(bad.first(), bad.last());
  }

  private static String text(Verdict verdict, boolean compared) {
    StringBuilder text = new StringBuilder();
    row(text, "consortium", verdict.federation());
    row(
        text,
        "root",
        verdict.root().hex()
            + (compared ? "" : "  (as the bundle says; compare it, or use --root)"));
    row(text, "entries", String.valueOf(verdict.entries()));
    if (verdict.bare() > 0) {
      row(text, "of an older version", verdict.bare() + ", known by their hashes only");
    }
    row(text, "checkpoints", String.valueOf(verdict.checkpoints()));
    row(text, "latest", verdict.latest().map(Object::toString).orElse("none"));
    row(text, "in no checkpoint", String.valueOf(verdict.uncovered()));
    row(text, "signing keys", String.valueOf(verdict.signers().size()));
    verdict.cosigned().forEach((site, size) -> row(text, "cosigned by " + site, size + " entries"));
    row(text, "verdict", verdict.whole() ? "whole" : "NOT WHOLE");
    return text.toString().stripTrailing();
  }

  private static void row(StringBuilder text, String name, String value) {
    text.append("%-22s %s%n".formatted(name, value));
  }

  private static String data(Verdict verdict, boolean compared) throws IOException {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
      json.writeStartObject();
      json.writeStringField("consortium", verdict.federation());
      json.writeStringField("root", verdict.root().hex());
      json.writeBooleanField("rootCompared", compared);
      json.writeNumberField("entries", verdict.entries());
      json.writeNumberField("bare", verdict.bare());
      json.writeNumberField("checkpoints", verdict.checkpoints());
      json.writeNumberField("covered", verdict.latest().map(c -> c.head().size()).orElse(0L));
      json.writeObjectFieldStart("cosigned");
      for (Map.Entry<String, Long> one : verdict.cosigned().entrySet()) {
        json.writeNumberField(one.getKey(), one.getValue());
      }
      json.writeEndObject();
      json.writeBooleanField("whole", verdict.whole());
      json.writeEndObject();
    }
    return text.toString();
  }
}
