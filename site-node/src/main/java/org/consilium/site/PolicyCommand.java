package org.consilium.site;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.consilium.protocol.Digest;
import org.consilium.site.policy.HouseRules;
import org.consilium.site.policy.PolicyFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code consilium node policy …}: what the hospital allows, whatever a study asks for. */
@Command(
    name = "policy",
    description = "What this hospital allows, whatever a study asks for.",
    mixinStandardHelpOptions = true)
final class PolicyCommand {
  private final Console console;

  PolicyCommand(Console console) {
    this.console = console;
  }

  @Command(
      name = "show",
      description = "The policy as the node understands it.",
      mixinStandardHelpOptions = true)
  int show(
      @Option(names = "--state", required = true, description = NodeCommand.STATE_HELP) Path state,
      @Option(names = "--json", description = NodeCommand.JSON_HELP) boolean json) {
    return console.run(
        json,
        () -> {
          Path file = StateFolder.of(state).policy();
          if (!java.nio.file.Files.exists(file)) {
            throw new Failure(
                Failure.Kind.CONFLICT,
                "there is no %s: everything is refused".formatted(file),
                "the first consilium node approve makes one");
          }
          return described(file);
        });
  }

  @Command(
      name = "check",
      description = "Whether a policy file can be understood; changes nothing.",
      mixinStandardHelpOptions = true)
  int check(
      @Parameters(paramLabel = "FILE", description = "A policy file.") Path file,
      @Option(names = "--json", description = NodeCommand.JSON_HELP) boolean json) {
    return console.run(json, () -> described(file));
  }

  private static Console.Result described(Path file) throws Exception {
    HouseRules rules = PolicyFile.check(file);
    Map<String, Object> data = new LinkedHashMap<>();
    data.put("digest", Digest.sha256(file));
    data.put("modes", sorted(rules.content().modes()));
    data.put("minSites", rules.company().minSites());
    data.put("knownSites", sorted(rules.company().known()));
    data.put(
        "knownAtLeast",
        rules.company().known().isEmpty()
            ? "0"
            : rules.company().knownAtLeast() > 0
                ? String.valueOf(rules.company().knownAtLeast())
                : "more than half");
    data.put(
        "privacy",
        rules
            .privacy()
            .map(
                p ->
                    "epsilon at most %s at delta %s, noise at least %s"
                        .formatted(p.maxEpsilon(), p.maxDelta(), p.minNoise()))
            .orElse("no noise is demanded"));
    data.put("tasks", orAll(sorted(rules.content().tasks())));
    data.put("rulesAllowed", orAll(sorted(rules.content().allowedRules())));
    data.put("rulesForbidden", sorted(rules.content().forbiddenRules()));
    data.put("architectures", orAll(sorted(rules.content().architectures())));
    data.put(
        "foundations",
        orAll(rules.content().foundations().stream().map(Digest::hex).sorted().toList()));
    data.put("tensors", orAll(rules.content().tensors()));
    data.put("updateBytesPerRound", rules.volume().updateBytesPerRound());
    data.put("updateBytesPerDay", rules.volume().updateBytesPerDay());
    data.put("roundsPerDay", rules.volume().roundsPerDay());
    data.put("smallCell", rules.volume().smallCell());
    data.put("cohortQueriesPerDay", rules.volume().cohortQueriesPerDay());
    data.put("zone", rules.hours().zone());
    data.put("hours", orAll(rules.hours().windows().stream().map(Object::toString).toList()));
    data.put("hoursAtClose", rules.hours().atClose().name().toLowerCase(Locale.ROOT));
    data.put("hoursTellOpening", rules.hours().openingSaid());
    data.put("validFrom", rules.validity().from().map(Object::toString).orElse(""));
    data.put("validUntil", rules.validity().until().map(Object::toString).orElse(""));
    StringBuilder text = new StringBuilder();
    data.forEach((key, value) -> text.append("%-20s %s%n".formatted(key, value)));
    return new Console.Result(data, text.toString().stripTrailing());
  }

  private static List<String> sorted(java.util.Set<String> words) {
    return words.stream().sorted().toList();
  }

  private static Object orAll(List<String> words) {
    return words.isEmpty() ? "all" : words;
  }
}
