package org.consilium.coordinator.study;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.consilium.coordinator.yaml.YamlMap;
import org.consilium.models.catalog.Bundled;
import org.consilium.protocol.Digest;
import org.consilium.protocol.Limits;
import org.consilium.protocol.ModelSpec;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.StudyPlan.Foundation;
import org.consilium.protocol.StudyPlan.Task;
import org.consilium.protocol.StudyPlan.Tuning;
import org.consilium.protocol.StudyPlan.Tuning.Local;
import org.consilium.protocol.StudyPlan.Tuning.Regime;
import org.consilium.protocol.Training;
import org.consilium.protocol.Training.Input;
import org.consilium.protocol.Training.Optimiser;
import org.consilium.protocol.Training.Personal;
import org.consilium.protocol.Training.Schedule;

/** The keys of a study file that say what is learned, and how a site learns it. */
final class StudyLearning {
  /** What this version trains; the first metric of each chooses the best model. */
  private static final Map<String, List<String>> METRICS =
      Map.of(
          "classification", List.of("auroc", "loss", "ece"),
          "multilabel", List.of("auroc", "loss"),
          "segmentation", List.of("dice", "hd95"),
          "masked", List.of("loss"),
          "contrastive", List.of("loss"),
          "image-text", List.of("auroc", "loss", "ece"));

  private static final List<String> TYPES =
      List.of(
          "classification", "multilabel", "segmentation", "masked", "contrastive", "image-text");
  private static final List<String> REGIMES =
      List.of("full", "probe", "last-blocks", "ffa-lora", "lora", "bitfit");
  private static final List<String> CORRECTIONS = List.of("none", "balanced", "prior", "soft");
  private static final int RANK = 8;
  private static final int BATCH = 8;

  /** Examples of a step in which they are told from one another. */
  private static final int COMPARED_BATCH = 64;

  private StudyLearning() {}

  /** What is asked: the loss, the names of the outputs, the metric that chooses. */
  record Question(Task task, List<String> labels, String select) {}

  static Question question(YamlMap task) {
    String type = task.choice("type", "classification", TYPES);
    String correction = task.choice("correction", "none", CORRECTIONS);
    List<String> labels = task.texts("labels");
    List<String> legal = METRICS.getOrDefault(type, List.of("auroc", "loss", "ece"));
    List<String> metrics = task.texts("metrics", legal);
    for (String metric : metrics) {
      if (!legal.contains(metric)) {
        task.problem("metrics", "%s is not one of %s".formatted(Limits.printable(metric), legal));
      }
    }
    String select = task.choice("select", legal.getFirst(), List.of("auroc", "dice", "loss"));
    if (!metrics.contains(select)) {
      // A misspelt metric must not switch the choice of the best model off unnoticed.
      task.problem("select", "%s is not among metrics %s".formatted(select, metrics));
    }
    task.end();
    Task made =
        task.build(() -> new Task(Task.Type.valueOf(constant(type)), correction))
            .orElse(new Task(Task.Type.CLASSIFICATION, "none"));
    return new Question(made, labels, select);
  }

  static Optional<ModelSpec> model(YamlMap model, Question question) {
    String architecture = model.text("architecture");
    int channels = model.integer("channels", 1);
    int height = model.integer("height");
    int width = model.integer("width");
    boolean yesOrNo =
        question.labels().size() <= 2 && question.task().type() != Task.Type.MULTILABEL;
    int classes = model.integer("classes", yesOrNo ? 1 : question.labels().size());
    int parameters = model.integer("parameters", 0);
    model.end();
    if (height == 1 || width == 1) { // their absence was noted
      return Optional.empty();
    }
    return model.build(
        () -> new ModelSpec(architecture, channels, height, width, classes, parameters));
  }

  /**
   * The parameters to start from: a file by its digest, or the name of one that comes with this
   * program. Call before {@link #model}, which ends the map.
   */
  static Optional<Foundation> foundation(YamlMap model) {
    if (!model.has("foundation")) {
      return Optional.empty();
    }
    if (!model.isMap("foundation")) {
      return bundled(model);
    }
    YamlMap keys = model.map("foundation");
    String name = keys.text("name");
    String digest = keys.text("sha256");
    int bytes = keys.integer("bytes");
    keys.end();
    return keys.build(
        () -> {
          try {
            return new Foundation(name, new ModelVersion(new Digest(digest)), bytes);
          } catch (IllegalArgumentException illegal) {
            String message = String.valueOf(illegal.getMessage());
            throw message.startsWith("digest")
                ? new IllegalArgumentException("sha256: " + message, illegal)
                : illegal;
          }
        });
  }

  private static Optional<Foundation> bundled(YamlMap model) {
    String name = model.text("foundation");
    Optional<Bundled> found = Bundled.find(name);
    if (found.isEmpty()) {
      model.problem(
          "foundation",
          "nothing of that name comes with this program (%s do); a file of your own has name, sha256 and bytes"
              .formatted(
                  Bundled.all().stream()
                      .map(b -> b.foundation().name())
                      .collect(Collectors.joining(", "))));
    }
    return found.map(Bundled::foundation);
  }

  static Optional<Tuning> tuning(YamlMap tuning, Question question) {
    String regime = tuning.choice("regime", "full", REGIMES);
    int blocks = tuning.integer("blocks", regime.equals("last-blocks") ? 1 : 0);
    boolean adapter = regime.endsWith("lora");
    int rank = tuning.integer("rank", adapter ? RANK : 0);
    double alpha = tuning.number("alpha", 2.0 * rank);
    // A projector is for this site's own comparisons: it stays unless the plan says otherwise.
    String usual = question.task().type() == Task.Type.CONTRASTIVE ? "head" : "nothing";
    String local = tuning.choice("local", usual, List.of("nothing", "head", "norms"));
    tuning.end();
    return tuning.build(
        () ->
            new Tuning(
                Regime.valueOf(constant(regime)),
                blocks,
                rank,
                alpha,
                Local.valueOf(constant(local))));
  }

  /**
   * How a site trains.
   *
   * @param hiding whether patients are hidden by noise: then nothing is trained without it, and a
   *     bound on the noisy gradient would only shorten it
   */
  static Optional<Training> training(
      YamlMap training, YamlMap algorithm, Question question, Hiding hiding) {
    double mu = StudyAlgorithm.proximal(algorithm);
    int localEpochs = algorithm.integer("localEpochs", 1);
    if (localEpochs < 1 || localEpochs > 1000) {
      algorithm.problem("localEpochs", "must be 1-1000, got " + localEpochs);
    }
    int localSteps = algorithm.integer("localSteps", 0);
    boolean compared =
        switch (question.task().type()) {
          case CONTRASTIVE, IMAGE_TEXT -> true;
          case CLASSIFICATION, MULTILABEL, SEGMENTATION, MASKED -> false;
        };
    int batchSize = training.integer("batchSize", compared ? COMPARED_BATCH : BATCH);
    Optional<Optimiser> optimiser = optimiser(training, hiding);
    Optional<Schedule> schedule = schedule(training, hiding);
    Optional<Input> input = input(training);
    boolean localBaseline = training.flag("localBaseline", hiding == Hiding.NOTHING);
    Optional<Personal> personal = personal(training.optionalMap("personal"));
    training.end();
    if (optimiser.isEmpty() || schedule.isEmpty() || input.isEmpty() || personal.isEmpty()) {
      return Optional.empty(); // its problems were noted
    }
    return training.build(
        () ->
            new Training(
                Math.clamp(localEpochs, 1, 1000),
                localSteps,
                batchSize,
                optimiser.orElseThrow(),
                schedule.orElseThrow(),
                mu,
                input.orElseThrow(),
                personal.orElseThrow(),
                localBaseline));
  }

  /** What a study file's noise is for, as far as defaults hang on it. */
  enum Hiding {
    /** No noise. */
    NOTHING,
    /** Patients, in training of a head alone. */
    IN_HEAD,
    /** Patients, in training of more. */
    IN_MORE
  }

  /**
   * Under noise a step's gradient is bounded already, by patient; and a head is best moved by
   * momentum: what AdamW divides by is the noise's size, the same in every coordinate
   * (bench/RESULTS.md).
   */
  private static Optional<Optimiser> optimiser(YamlMap training, Hiding hiding) {
    boolean head = hiding == Hiding.IN_HEAD;
    String name = training.choice("optimiser", head ? "sgd" : "adamw", List.of("adamw", "sgd"));
    boolean moved = head && name.equals("sgd");
    double learningRate = training.number("learningRate", moved ? 1 : 2e-3);
    double weightDecay = training.number("weightDecay", moved ? 0 : 0.05);
    double momentum = training.number("momentum", moved ? 0.9 : 0);
    double gradientClip = training.number("gradientClip", hiding == Hiding.NOTHING ? 1 : 0);
    double layerDecay = training.number("layerDecay", 1);
    return training.build(
        () -> new Optimiser(name, learningRate, weightDecay, momentum, gradientClip, layerDecay));
  }

  private static Optional<Schedule> schedule(YamlMap training, Hiding hiding) {
    // What a step's noise costs is the same in round 1: a smaller step there gives it away.
    double firstRoundFactor =
        training.number("firstRoundFactor", hiding == Hiding.NOTHING ? 0.5 : 1);
    double warmupRounds = training.number("warmupRounds", 0);
    boolean cosine = training.flag("cosine", true);
    double averaging = training.number("averaging", 0);
    return training.build(() -> new Schedule(firstRoundFactor, warmupRounds, cosine, averaging));
  }

  private static Optional<Input> input(YamlMap training) {
    String augmentation = training.text("augmentation", "weak");
    String normalisation = training.text("normalisation", "fixed");
    double mean = training.number("mean", 0.5);
    double deviation = training.number("deviation", 0.25);
    return training.build(() -> new Input(augmentation, normalisation, mean, deviation));
  }

  private static Optional<Personal> personal(YamlMap personal) {
    String method = personal.choice("method", "none", List.of("none", "ditto", "tune-after"));
    double lambda = personal.number("lambda", method.equals("ditto") ? 0.1 : 0);
    int steps = personal.integer("steps", method.equals("tune-after") ? 100 : 0);
    double learningRate = personal.number("learningRate", 0);
    personal.end();
    return personal.build(() -> new Personal(method, lambda, steps, learningRate));
  }

  private static String constant(String word) {
    return word.replace('-', '_').toUpperCase(Locale.ROOT);
  }
}
