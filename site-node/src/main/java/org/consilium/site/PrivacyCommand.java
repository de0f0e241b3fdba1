package org.consilium.site;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.consilium.security.identity.Credential;
import org.consilium.security.keyfile.KeyFile;
import org.consilium.site.ledger.privacy.PrivacyBudget;
import org.consilium.site.ledger.privacy.PrivacyBudgets;
import org.consilium.site.ledger.privacy.PrivacyLedger;
import org.consilium.site.ledger.privacy.PrivacyView;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code node privacy …}: what studies may spend of the patients' privacy, and what they did. */
@Command(
    name = "privacy",
    description = "What studies may spend of the patients' privacy, and what they spent.",
    mixinStandardHelpOptions = true)
final class PrivacyCommand {
  private static final String STATE_HELP = "Folder of the node's keys, policy, ledgers and outbox.";
  private static final String WITNESS_HELP =
      "The ledger's counter, as privacyWitness in node.yaml.";
  private static final String JSON_HELP = "Print one JSON envelope.";
  private static final int STATEMENT_BYTES_MAX = 1 << 20;

  private final Console console;

  PrivacyCommand(Console console) {
    this.console = console;
  }

  @Command(
      name = "budget",
      description = "Set what all studies together may spend of a cohort, ever.",
      mixinStandardHelpOptions = true)
  int budget(
      @Option(names = "--cohort", defaultValue = "all", description = "As in node.yaml.")
          String cohort,
      @Option(names = "--epsilon", required = true, description = "In nats, such as 8.")
          double epsilon,
      @Option(names = "--delta", required = true, description = "Below 1 / patients: 1e-5.")
          double delta,
      @Option(names = "--state", required = true, description = STATE_HELP) Path state,
      @Option(names = "--json", description = JSON_HELP) boolean json) {
    return console.run(
        json,
        () -> {
          PrivacyBudget budget = new PrivacyBudget(epsilon, delta);
          StateFolder folder = new StateFolder(state);
          folder.create();
          new PrivacyBudgets(folder.privacy(Optional.empty()).budgets()).set(cohort, budget);
          return new Console.Result(
              Map.of("cohort", cohort, "epsilon", epsilon, "delta", delta),
              "cohort %s: all studies together may spend epsilon %s at delta %s"
                  .formatted(cohort, epsilon, delta));
        });
  }

  @Command(
      name = "show",
      description = "What was spent, of how much, by which study.",
      mixinStandardHelpOptions = true)
  int show(
      @Option(names = "--state", required = true, description = STATE_HELP) Path state,
      @Option(names = "--witness", description = WITNESS_HELP) Optional<Path> witness,
      @Option(names = "--json", description = JSON_HELP) boolean json) {
    return console.run(
        json,
        () -> {
          PrivacyView view = PrivacyView.of(StateFolder.of(state).privacy(witness));
          return new Console.Result(data(view), view.text());
        });
  }

  @Command(
      name = "statement",
      description = "Write the same as a signed text, for the data-protection officer to keep.",
      mixinStandardHelpOptions = true)
  int statement(
      @Option(names = "-o", required = true, paramLabel = "FILE", description = "New file.")
          Path file,
      @Option(names = "--state", required = true, description = STATE_HELP) Path state,
      @Option(names = "--witness", description = WITNESS_HELP) Optional<Path> witness,
      @Option(names = "--json", description = JSON_HELP) boolean json) {
    return console.run(
        json,
        () -> {
          StateFolder folder = new StateFolder(state);
          Credential signing = folder.credential(StateFolder.SIGNING);
          PrivacyView view = PrivacyView.of(folder.privacy(witness));
          PrivacyStatement made = PrivacyStatement.of(view, signing, console.clock().instant());
          KeyFile.create(file, made.text().getBytes(StandardCharsets.UTF_8));
          return new Console.Result(
              Map.of("file", file.toString(), "entries", view.entries(), "head", view.head()),
              "wrote %s; keep it outside of this machine".formatted(file));
        });
  }

  @Command(
      name = "verify",
      description = "Check a statement, and that this node's ledger goes on from it.",
      mixinStandardHelpOptions = true)
  int verify(
      @Option(names = "--statement", required = true, description = "File of a statement.")
          Path file,
      @Option(names = "--state", required = true, description = STATE_HELP) Path state,
      @Option(names = "--witness", description = WITNESS_HELP) Optional<Path> witness,
      @Option(names = "--json", description = JSON_HELP) boolean json) {
    return console.run(json, () -> verified(file, new StateFolder(state), witness));
  }

  private static Console.Result verified(Path file, StateFolder folder, Optional<Path> witness)
      throws IOException, Failure {
    Credential signing = folder.credential(StateFolder.SIGNING);
    X509Certificate root = signing.chain().getLast();
    String text = text(file);
    PrivacyStatement statement = PrivacyStatement.verified(text, root, signing.id().trustDomain());
    if (!statement.site().equals(signing.id().siteName().orElse(""))) {
      throw new Failure(
          Failure.Kind.STATEMENT_REFUSED,
          "privacy statement: it is site %s's, and this node is %s's"
              .formatted(statement.site(), signing.id().siteName().orElse("")),
          "verify it with that site's --state");
    }
    PrivacyStatement.PrivacyLedgerEnd end = statement.end();
    PrivacyLedger.Place place = folder.privacy(witness);
    if (!PrivacyView.reaches(place, end.entries(), end.head())) {
      throw new Failure(
          Failure.Kind.LEDGER_SET_BACK,
          "privacy ledger: it does not go on from entry %d of the statement; it has %d"
              .formatted(end.entries(), PrivacyView.of(place).entries()),
          "it was put back from an older copy: stop the node and find the newest one");
    }
    return new Console.Result(
        Map.of("entries", end.entries(), "head", end.head(), "intact", true),
        "the signature is the site's, and the ledger here goes on from it");
  }

  private static String text(Path file) throws IOException {
    if (Files.size(file) > STATEMENT_BYTES_MAX) {
      throw new IOException("read statement: over %d bytes".formatted(STATEMENT_BYTES_MAX));
    }
    // A byte that is no text becomes a mark that no statement has, and is refused as a change.
    return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
  }

  private static Map<String, Object> data(PrivacyView view) {
    List<Object> cohorts = new ArrayList<>();
    for (PrivacyView.Cohort cohort : view.cohorts()) {
      Map<String, Object> row = new LinkedHashMap<>();
      row.put("cohort", cohort.name());
      row.put("epsilon", cohort.epsilon());
      cohort.budget().ifPresent(b -> row.put("budgetEpsilon", b.epsilon()));
      cohort.budget().ifPresent(b -> row.put("budgetDelta", b.delta()));
      List<Object> studies = new ArrayList<>();
      for (PrivacyView.Study study : cohort.studies()) {
        studies.add(
            Map.of(
                "study", study.study().value(),
                "epsilon", study.epsilon(),
                "epsilonMax", study.ceiling().epsilon(),
                "delta", study.ceiling().delta(),
                "steps", study.steps()));
      }
      row.put("studies", studies);
      cohorts.add(row);
    }
    Map<String, Object> data = new LinkedHashMap<>();
    data.put("entries", view.entries());
    data.put("head", view.head());
    data.put("trusted", view.fault().isEmpty());
    data.put("fault", view.fault().orElse(""));
    data.put("cohorts", cohorts);
    return data;
  }
}
