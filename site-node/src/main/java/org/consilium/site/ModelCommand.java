package org.consilium.site;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.consilium.models.catalog.Architecture;
import org.consilium.models.catalog.Catalogue;
import org.consilium.models.checkpoint.Checkpoint;
import org.consilium.models.checkpoint.Family;
import org.consilium.models.checkpoint.PositionRule;
import org.consilium.models.data.Split;
import org.consilium.protocol.ModelSpec;
import org.consilium.site.validate.Evaluation;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

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

  @Command(
      name = "inspect",
      description = "What is in a model file: tensors, metadata, digest, family, licence.",
      mixinStandardHelpOptions = true)
  int inspect(
      @Parameters(paramLabel = "FILE", description = "FILE.safetensors.") Path file,
      @Option(names = "--json", description = "Print one JSON envelope.") boolean json) {
    return console.run(json, () -> ModelFiles.inspect(file));
  }

  @Command(
      name = "verify",
      description = "Run a model on recorded inputs and compare with another implementation.",
      mixinStandardHelpOptions = true)
  int verify(
      @Parameters(paramLabel = "FOLDER", description = "With config.json and its tensors.")
          Path folder,
      @Option(names = "--json", description = "Print one JSON envelope.") boolean json) {
    return console.run(json, () -> ModelFiles.verify(folder));
  }

  @Command(
      name = "list",
      description = "The architectures of the catalogue, and recorded licences.",
      mixinStandardHelpOptions = true)
  int list(@Option(names = "--json", description = "Print one JSON envelope.") boolean json) {
    return console.run(json, ModelFiles::list);
  }

  @Command(
      name = "convert",
      description = "Write a published checkpoint under our names; strict.",
      mixinStandardHelpOptions = true)
  @SuppressWarnings("TooManyParameters") // one an option
  int convert(
      @Parameters(paramLabel = "FILE", description = "FILE.safetensors.") Path file,
      @Option(names = "--family", required = true, description = "Whose names it has.")
          String family,
      @Option(names = "--architecture", required = true, description = "See model list.")
          String architecture,
      @Option(names = "--channels", defaultValue = "3", description = "Of an image.") int channels,
      @Option(names = "--height", defaultValue = "224", description = "Pixels.") int height,
      @Option(names = "--width", defaultValue = "224", description = "Pixels.") int width,
      @Option(names = "--classes", defaultValue = "1", description = "Outputs.") int classes,
      @Option(names = "--resample", description = "timm or dinov2: rule for another image size.")
          Optional<String> rule,
      @Option(names = "--drop-head", description = "Start the head anew.") boolean dropHead,
      @Option(names = "--out", required = true, description = "FILE.safetensors to write.")
          Path out,
      @Option(names = "--json", description = "Print one JSON envelope.") boolean json) {
    return console.run(
        json,
        () -> {
          Architecture model =
              Catalogue.require(new ModelSpec(architecture, channels, height, width, classes, 0));
          Checkpoint.Wanted wanted =
              new Checkpoint.Wanted(family(family), positions(rule, model), dropHead, 0);
          return ModelFiles.convert(file, model, wanted, out);
        });
  }

  private static Family family(String key) {
    return Family.named(key)
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "--family must be one of "
                        + Arrays.stream(Family.values())
                            .map(Family::key)
                            .collect(Collectors.joining(", "))));
  }

  private static PositionRule positions(Optional<String> rule, Architecture model) {
    return switch (rule.orElse("")) {
      case "" -> new PositionRule.Strict();
      case "timm" -> new PositionRule.Timm();
      case "dinov2" -> PositionRule.dinoV2(model);
      default -> throw new IllegalArgumentException("--resample must be timm or dinov2");
    };
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
