package org.consilium.coordinator.study;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.consilium.coordinator.yaml.YamlMap;
import org.consilium.coordinator.yaml.YamlRefused;
import org.consilium.coordinator.yaml.YamlText;
import org.consilium.protocol.Limits;
import org.consilium.protocol.ModelSpec;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyId;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.StudyPlan.Aggregation;
import org.consilium.protocol.StudyPlan.Mode;
import org.consilium.protocol.StudyPlan.Monitoring;
import org.consilium.protocol.StudyPlan.Participation;
import org.consilium.protocol.StudyPlan.Protection;
import org.consilium.protocol.StudyPlan.Training;

/**
 * A study as people write it, {@code study.yaml}. Every problem is found in one pass; what is left
 * out has a finite default. The keys are in docs/reference/study-file.md.
 */
public final class StudyFile {
  private static final String API_VERSION = "consilium/v1";
  private static final List<String> METRICS = List.of("auroc", "loss", "ece");

  private StudyFile() {}

  /** Reads a file. */
  public static StudyPlan parse(Path file) throws YamlRefused, IOException {
    long bytes = Files.size(file);
    if (bytes > Limits.PLAN_BYTES_MAX) {
      throw new IOException(
          "read study file %s: %d bytes, at most %d".formatted(file, bytes, Limits.PLAN_BYTES_MAX));
    }
    return parse(Files.readString(file, StandardCharsets.UTF_8));
  }

  /** Reads a text. */
  public static StudyPlan parse(String yaml) throws YamlRefused {
    YamlText text = new YamlText();
    YamlMap root = text.root(yaml);
    root.choice("apiVersion", API_VERSION, List.of(API_VERSION));
    root.choice("kind", "Study", List.of("Study"));
    YamlMap metadata = root.map("metadata");
    YamlMap spec = root.map("spec");
    root.end();

    Optional<StudyId> name = metadata.build(() -> new StudyId(metadata.text("name")));
    String title = title(metadata);
    metadata.end();

    YamlMap algorithm = spec.optionalMap("algorithm");
    Task task = task(spec.map("task"));
    Optional<ModelSpec> model = model(spec.map("model"), task.labels());
    Optional<Training> training = training(spec.optionalMap("training"), algorithm);
    Optional<Aggregation> aggregation = aggregation(algorithm);
    int rounds = algorithm.integer("rounds", 30);
    algorithm.end();
    Optional<Protection> protection = protection(spec.optionalMap("privacy"));
    Optional<Participation> participation = participation(spec.map("sites"));
    Optional<Monitoring> monitoring = monitoring(spec.optionalMap("drift"));
    int seed = spec.integer("seed", 1);
    spec.end();
    text.check();

    Optional<StudyPlan> plan =
        spec.build(
            () ->
                new StudyPlan(
                    name.orElseThrow(),
                    title,
                    model.orElseThrow(),
                    training.orElseThrow(),
                    aggregation.orElseThrow(),
                    protection.orElseThrow(),
                    participation.orElseThrow(),
                    monitoring.orElseThrow(),
                    task.labels(),
                    task.select(),
                    seed,
                    rounds));
    text.check();
    return plan.orElseThrow();
  }

  private record Task(List<String> labels, String select) {}

  private static String title(YamlMap metadata) {
    if (!metadata.has("title")) {
      return metadata.text("name");
    }
    if (!metadata.isMap("title")) {
      return metadata.text("title");
    }
    YamlMap languages = metadata.map("title");
    List<String> titles = new ArrayList<>();
    titles.add(languages.text("en"));
    if (languages.has("zh")) {
      titles.add(languages.text("zh"));
    }
    languages.end();
    return String.join(" / ", titles);
  }

  private static Task task(YamlMap task) {
    task.choice("type", "classification", List.of("classification"));
    List<String> labels = task.texts("labels");
    List<String> metrics = task.texts("metrics", METRICS);
    for (String metric : metrics) {
      if (!METRICS.contains(metric)) {
        task.problem("metrics", "%s is not one of %s".formatted(Limits.printable(metric), METRICS));
      }
    }
    String select = task.choice("select", "auroc", List.of("auroc", "loss"));
    if (!metrics.contains(select)) {
      // A misspelt metric must not switch the choice of the best model off unnoticed.
      task.problem("select", "%s is not among metrics %s".formatted(select, metrics));
    }
    task.end();
    return new Task(labels, select);
  }

  private static Optional<ModelSpec> model(YamlMap model, List<String> labels) {
    String architecture = model.text("architecture");
    int channels = model.integer("channels", 1);
    int height = model.integer("height");
    int width = model.integer("width");
    int classes = model.integer("classes", labels.size() <= 2 ? 1 : labels.size());
    int parameters = model.integer("parameters", 0);
    model.end();
    if (height == 1 || width == 1) { // their absence was noted
      return Optional.empty();
    }
    return model.build(
        () -> new ModelSpec(architecture, channels, height, width, classes, parameters));
  }

  private static Optional<Training> training(YamlMap training, YamlMap algorithm) {
    boolean proximal =
        algorithm.choice("name", "fedavg", List.of("fedavg", "fedprox")).equals("fedprox");
    double mu = algorithm.number("mu", proximal ? 0.01 : 0);
    if (!proximal && mu != 0) {
      algorithm.problem("mu", "belongs to fedprox; leave it out for fedavg");
    }
    int localEpochs = algorithm.integer("localEpochs", 1);
    if (localEpochs < 1 || localEpochs > 1000) {
      algorithm.problem("localEpochs", "must be 1-1000, got " + localEpochs);
    }
    int batchSize = training.integer("batchSize", 8);
    double learningRate = training.number("learningRate", 2e-3);
    double weightDecay = training.number("weightDecay", 0.05);
    double firstRoundFactor = training.number("firstRoundFactor", 0.5);
    boolean cosine = training.flag("cosine", true);
    double gradientClip = training.number("gradientClip", 1);
    String augmentation = training.text("augmentation", "weak");
    String normalisation = training.text("normalisation", "fixed");
    double mean = training.number("mean", 0.5);
    double deviation = training.number("deviation", 0.25);
    boolean localBaseline = training.flag("localBaseline", true);
    training.end();
    return training.build(
        () ->
            new Training(
                Math.clamp(localEpochs, 1, 1000),
                batchSize,
                learningRate,
                weightDecay,
                firstRoundFactor,
                cosine,
                mu,
                gradientClip,
                augmentation,
                normalisation,
                mean,
                deviation,
                localBaseline));
  }

  private static Optional<Aggregation> aggregation(YamlMap algorithm) {
    String rule = algorithm.text("aggregation", "samples");
    if (!rule.equals("samples")) {
      algorithm.problem("aggregation", "must be samples: the mean weighted by examples");
    }
    double rate = algorithm.number("serverLearningRate", 1);
    return algorithm.build(() -> new Aggregation("fedavg", rate, 0));
  }

  private static Optional<Protection> protection(YamlMap privacy) {
    String mode = privacy.text("mode", "sealed");
    if (mode.equals("masked")) {
      privacy.problem(
          "mode", "masked is not in this version: the aggregator can read single updates (sealed)");
    } else if (!mode.equals("sealed")) {
      privacy.problem("mode", "must be sealed");
    }
    double clip = privacy.number("clip", 10);
    double range = privacy.number("range", 8);
    int weightMax = privacy.integer("weightMax", Limits.WEIGHT_MAX);
    int minSamples = privacy.integer("minSamples", 20);
    int smallCell = privacy.integer("smallCell", 11);
    privacy.end();
    return privacy.build(
        () -> new Protection(Mode.SEALED, clip, range, weightMax, minSamples, smallCell));
  }

  private static Optional<Participation> participation(YamlMap sites) {
    List<String> include = sites.texts("include");
    int twoThirds = Math.max(Limits.PARTICIPANTS_MIN, (2 * include.size() + 2) / 3);
    int quorum = sites.integer("quorum", twoThirds);
    Duration deadline = sites.duration("deadline", Duration.ofMinutes(30));
    sites.end();
    if (include.isEmpty()) { // its absence was noted
      return Optional.empty();
    }
    return sites.build(
        () -> {
          try {
            return new Participation(include.stream().map(SiteId::new).toList(), quorum, deadline);
          } catch (IllegalArgumentException illegal) {
            String message = String.valueOf(illegal.getMessage());
            throw message.startsWith("site")
                ? new IllegalArgumentException("include: " + message)
                : illegal;
          }
        });
  }

  private static Optional<Monitoring> monitoring(YamlMap drift) {
    String detector = drift.text("detector", "cusum");
    double falseAlarms = drift.number("falseAlarmsPerYear", 2);
    double windowsPerYear = drift.number("windowsPerYear", 52);
    int windows = drift.integer("windows", 0);
    String action = drift.text("action", "alert");
    drift.end();
    return drift.build(
        () -> new Monitoring(detector, falseAlarms, windowsPerYear, windows, action));
  }
}
