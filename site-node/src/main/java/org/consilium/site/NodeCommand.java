package org.consilium.site;

import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.consilium.site.cohort.CohortSpec;
import org.consilium.site.policy.Approval;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * {@code consilium node …}. The commands have as many parameters as they have options, which is
 * more than the house rule of five.
 */
@Command(
    name = "node",
    description = "The node inside a hospital: join, decide, serve, prove.",
    mixinStandardHelpOptions = true)
final class NodeCommand {
  static final String STATE_HELP = "Folder of the node's keys, policy, ledger and outbox.";
  static final String JSON_HELP = "Print one JSON envelope.";

  private final Console console;
  private final SecureRandom random;

  NodeCommand(Console console, SecureRandom random) {
    this.console = console;
    this.random = random;
  }

  @Command(
      name = "join",
      description = "Make keys here, ask for certificates with a one-time token.",
      mixinStandardHelpOptions = true)
  int join(
      @Option(names = "--token-file", required = true, description = "File with the join token.")
          Path tokenFile,
      @Option(names = "--state", required = true, description = STATE_HELP) Path state,
      @Option(names = "--coordinator-host", description = "Host instead of the token's.")
          Optional<String> host,
      @Option(names = "--wait", defaultValue = "10m", description = "How long to wait: 30s, 10m.")
          String wait,
      @Option(names = "--json", description = JSON_HELP) boolean json) {
    return console.run(
        json,
        () ->
            new Joining(new StateFolder(state), console, random)
                .join(tokenFile, host, duration(wait)));
  }

  @Command(
      name = "serve",
      description = "Connect to the coordinator and work until stopped.",
      mixinStandardHelpOptions = true)
  int serve(
      @Option(names = "--state", required = true, description = STATE_HELP) Path state,
      @Option(names = "--data", description = "FILE.npz, a folder, or synthetic:N.")
          Optional<String> data,
      @Option(names = "--windows", description = "Folder of window-0001.npz and so on.")
          Optional<String> windows,
      @Option(names = "--config", description = "node.yaml.") Optional<Path> config,
      @Option(names = "--metrics-port", description = "On loopback; 0 is any free one.")
          Optional<String> metricsPort,
      @Option(names = "--threads", description = "Of the engine; 1 repeats bit for bit.")
          Optional<String> threads,
      @Option(names = "--device", description = "cpu, cuda:N, cuda:N,cuda:M or auto.")
          Optional<String> device,
      @Option(names = "--protect-threads", description = "That round, encrypt and hash.")
          Optional<String> protectThreads,
      @Option(names = "--no-progress", description = "Seconds without progress of a transfer.")
          Optional<String> noProgress) {
    return console.run(
        false,
        () -> {
          Map<String, String> flags = new HashMap<>();
          data.ifPresent(v -> flags.put("data", v));
          windows.ifPresent(v -> flags.put("windows", v));
          metricsPort.ifPresent(v -> flags.put("metricsPort", v));
          threads.ifPresent(v -> flags.put("threads", v));
          device.ifPresent(v -> flags.put("device", v));
          protectThreads.ifPresent(v -> flags.put("protectThreads", v));
          noProgress.ifPresent(v -> flags.put("noProgressSeconds", v));
          SiteConfig merged = SiteConfig.of(flags, System.getenv(), config);
          return new Serving(new StateFolder(state), console, random).serve(merged);
        });
  }

  @Command(
      name = "renew",
      description = "Bring back a certificate that ended less than seven days ago.",
      mixinStandardHelpOptions = true)
  int renew(
      @Option(names = "--state", required = true, description = STATE_HELP) Path state,
      @Option(names = "--json", description = JSON_HELP) boolean json) {
    return console.run(json, () -> new Recovering(new StateFolder(state), console, random).renew());
  }

  @Command(
      name = "data",
      description = "What this node would use of some cases; nothing leaves this machine.",
      mixinStandardHelpOptions = true)
  int data(
      @Option(
              names = "--data",
              required = true,
              description = "FILE.npz, TABLE.csv, or a folder of pictures.")
          String data,
      @Option(names = "--json", description = JSON_HELP) boolean json) {
    return console.run(json, () -> LocalCases.manifest(new CohortSpec(data, Optional.empty())));
  }

  @Command(
      name = "approve",
      description = "Let this hospital take part in a study.",
      mixinStandardHelpOptions = true)
  int approve(
      @Parameters(arity = "0..1", paramLabel = "STUDY", description = "The study's name.")
          Optional<String> study,
      @Option(names = "--any", description = "Every study: for demonstrations only.") boolean any,
      @Option(names = "--by-name", description = "Whatever bears the name: for pilots only.")
          boolean byName,
      @Option(names = "--digest", description = "Digest of the settings that are approved.")
          Optional<String> digest,
      @Option(names = "--words", description = "The first words of that digest, two or more.")
          Optional<String> words,
      @Option(names = "--min-sites", defaultValue = "2", description = "Fewest participants.")
          int minSites,
      @Option(names = "--until", description = "Last day, such as 2027-06-30.")
          Optional<LocalDate> until,
      @Option(names = "--max-rounds-per-day", defaultValue = "1000", description = "Limit.")
          int roundsPerDay,
      @Option(names = "--state", required = true, description = STATE_HELP) Path state,
      @Option(names = "--json", description = JSON_HELP) boolean json) {
    return console.run(
        json,
        () -> {
          Consents consents = new Consents(new StateFolder(state), console.clock());
          Approval.Subject subject =
              any
                  ? consents.everything(study)
                  : consents.subject(study, new Consents.Seal(digest, words, byName), console);
          return consents.approve(new Approval(subject, true, minSites, roundsPerDay, until));
        });
  }

  @Command(
      name = "deny",
      description = "Keep this hospital out of a study, whatever was approved.",
      mixinStandardHelpOptions = true)
  int deny(
      @Parameters(paramLabel = "STUDY", description = "The study's name.") String study,
      @Option(names = "--reason", description = "Kept here; it never leaves.")
          Optional<String> reason,
      @Option(names = "--state", required = true, description = STATE_HELP) Path state,
      @Option(names = "--json", description = JSON_HELP) boolean json) {
    return console.run(
        json, () -> new Consents(StateFolder.of(state), console.clock()).deny(study, reason));
  }

  @Command(
      name = "studies",
      description = "Studies that were proposed here, and what the policy says.",
      mixinStandardHelpOptions = true)
  int studies(
      @Option(names = "--state", required = true, description = STATE_HELP) Path state,
      @Option(names = "--json", description = JSON_HELP) boolean json) {
    return console.run(json, () -> new Consents(StateFolder.of(state), console.clock()).studies());
  }

  @Command(
      name = "status",
      description = "Who this node is, whether it runs, what left today.",
      mixinStandardHelpOptions = true)
  int status(
      @Option(names = "--state", required = true, description = STATE_HELP) Path state,
      @Option(names = "--json", description = JSON_HELP) boolean json) {
    return console.run(json, () -> new Overview(new StateFolder(state), console.clock()).status());
  }

  @Command(
      name = "audit",
      description = "What this node saw of the coordinator's audit log.",
      mixinStandardHelpOptions = true)
  int audit(
      @Option(names = "--state", required = true, description = STATE_HELP) Path state,
      @Option(names = "--out", description = "Write the last checkpoint, for an auditor.")
          Optional<Path> out,
      @Option(
              names = "--acknowledge",
              description = "After a refusal: go on, and hold to what this node saw before.")
          boolean acknowledge,
      @Option(
              names = "--accept",
              paramLabel = "WORDS",
              description =
                  "After a refusal: begin anew from the refused root, by its first words.")
          Optional<String> accept,
      @Option(names = "--reason", description = "Why; kept here with the evidence.")
          Optional<String> reason,
      @Option(names = "--json", description = JSON_HELP) boolean json) {
    return console.run(
        json,
        () -> {
          AuditView view = new AuditView(StateFolder.of(state), console.clock());
          return accept.isPresent()
              ? view.accept(accept.get(), reason)
              : acknowledge ? view.acknowledge(reason) : view.show(out);
        });
  }

  @Command(
      name = "ledger",
      description = "What left this hospital.",
      mixinStandardHelpOptions = true)
  int ledger(
      @Option(names = "--state", required = true, description = STATE_HELP) Path state,
      @Option(names = "--verify", description = "Check the hash chain.") boolean verify,
      @Option(names = "--export", description = "csv or json.") Optional<String> export,
      @Option(names = "--study", description = "Only this study.") Optional<String> study,
      @Option(names = "--since", description = "Only so far back: 7d, 12h.") Optional<String> since,
      @Option(
              names = "--digest",
              paramLabel = "DAY",
              description = "What left on a day (UTC) by study and kind, signed; or: today.")
          Optional<String> digest,
      @Option(names = "--json", description = JSON_HELP) boolean json) {
    return console.run(
        json,
        () -> {
          Overview overview = new Overview(StateFolder.of(state), console.clock());
          if (digest.isPresent()) {
            return overview.digest(digest.get());
          }
          if (verify) {
            Console.Result found = overview.verify(); // refuses to export what is not intact
            if (export.isEmpty()) {
              return found;
            }
          }
          return overview.ledger(
              study, since, export.map(Overview.Form::of).orElse(Overview.Form.TABLE));
        });
  }

  @Command(
      name = "pause",
      description = "Let nothing leave, and begin nothing new, until resume.",
      mixinStandardHelpOptions = true)
  int pause(
      @Option(names = "--state", required = true, description = STATE_HELP) Path state,
      @Option(names = "--json", description = JSON_HELP) boolean json) {
    return console.run(
        json, () -> new Overview(StateFolder.of(state), console.clock()).pause(true));
  }

  @Command(
      name = "resume",
      description = "Let things leave again.",
      mixinStandardHelpOptions = true)
  int resume(
      @Option(names = "--state", required = true, description = STATE_HELP) Path state,
      @Option(names = "--json", description = JSON_HELP) boolean json) {
    return console.run(
        json, () -> new Overview(StateFolder.of(state), console.clock()).pause(false));
  }

  /** A number with s, m or h. */
  static Duration duration(String text) {
    if (!text.matches("[0-9]{1,6}[smh]")) {
      throw new IllegalArgumentException("--wait must be a number with s, m or h, such as 10m");
    }
    long number = Long.parseLong(text.substring(0, text.length() - 1));
    return switch (text.charAt(text.length() - 1)) {
      case 's' -> Duration.ofSeconds(number);
      case 'm' -> Duration.ofMinutes(number);
      default -> Duration.ofHours(number);
    };
  }
}
