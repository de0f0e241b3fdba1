package org.consilium.site;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.consilium.models.data.Split;
import org.consilium.site.validate.Evaluation;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code consilium model …}: one model file, on this machine. */
@Command(
    name = "model",
    description = "One model file on this machine.",
    mixinStandardHelpOptions = true)
final class ModelCommand {
  private final Console console;

  ModelCommand(Console console) {
    this.console = console;
  }

  @Command(
      name = "evaluate",
      description = "Judge a model on local cases; nothing leaves this machine.",
      mixinStandardHelpOptions = true)
  @SuppressWarnings("TooManyParameters") // one an option
  int evaluate(
      @Option(names = "--model", required = true, description = "FILE.safetensors.") Path model,
      @Option(names = "--data", required = true, description = "FILE.npz.") Path data,
      @Option(names = "--split", defaultValue = "val", description = "train, val or test.")
          String split,
      @Option(names = "--architecture", description = "If the file does not say it.")
          Optional<String> architecture,
      @Option(names = "--normalisation", description = "fixed or image.")
          Optional<String> normalisation,
      @Option(names = "--mean", description = "Grey level under fixed.") Optional<String> mean,
      @Option(names = "--deviation", description = "Grey levels under fixed.")
          Optional<String> deviation,
      @Option(names = "--json", description = "Print one JSON envelope.") boolean json) {
    return console.run(
        json,
        () -> {
          Map<String, String> options = new HashMap<>();
          architecture.ifPresent(v -> options.put("architecture", v));
          normalisation.ifPresent(v -> options.put("normalisation", v));
          mean.ifPresent(v -> options.put("mean", v));
          deviation.ifPresent(v -> options.put("deviation", v));
          Map<String, Object> found = Evaluation.of(model, data, split(split), options).values();
          StringBuilder text = new StringBuilder();
          found.forEach((key, value) -> text.append("%-18s %s%n".formatted(key, value)));
          return new Console.Result(found, text.toString().stripTrailing());
        });
  }

  private static Split split(String word) {
    for (Split split : Split.values()) {
      if (split.key().equals(word)) {
        return split;
      }
    }
    throw new IllegalArgumentException("--split must be train, val or test");
  }
}
