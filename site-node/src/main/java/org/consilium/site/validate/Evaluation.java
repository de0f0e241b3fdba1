package org.consilium.site.validate;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.NpzFile;
import org.consilium.models.data.Split;
import org.consilium.models.engine.EngineSettings;
import org.consilium.models.engine.LocalModel;
import org.consilium.models.engine.Preprocessing;
import org.consilium.models.metrics.Auroc;
import org.consilium.models.metrics.Confusion;
import org.consilium.models.metrics.Interval;
import org.consilium.models.metrics.LabelledScores;
import org.consilium.models.metrics.ProbabilityScores;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.protocol.Limits;
import org.consilium.protocol.ModelSpec;

/**
 * One model file judged on one split of one data file, for the person who has both. Exact numbers:
 * the result is for that person's screen, and is not a report.
 *
 * @param values by name, in the order in which they are shown
 */
public record Evaluation(Map<String, Object> values) {
  private static final double THRESHOLD = 0.5;

  /**
   * Judges the model. What the file's metadata say of model and normalisation is used; {@code
   * options} with the same keys come first.
   *
   * @throws IllegalArgumentException if file and options do not say enough, or data do not fit
   */
  public static Evaluation of(Path model, Path data, Split split, Map<String, String> options)
      throws IOException {
    ImageSet cases =
        NpzFile.read(data, split, NpzFile.Bounds.DEFAULT)
            .filter(set -> set.count() > 0)
            .orElseThrow(
                () ->
                    new IOException(
                        "evaluate: %s has no %s_images"
                            .formatted(data.getFileName(), split.key())));
    try (SafetensorsFile file = SafetensorsFile.open(model)) {
      Map<String, String> facts = new HashMap<>(file.metadata());
      facts.putAll(options);
      ModelSpec spec = spec(facts, cases, file.layout());
      double[] logits;
      try (LocalModel network = LocalModel.open(spec, EngineSettings.reproducible())) {
        network.load(file);
        logits = network.predict(cases, preprocessing(facts));
      }
      return new Evaluation(values(spec, cases, Scores.of(cases, logits, spec.classes())));
    }
  }

  private static ModelSpec spec(Map<String, String> facts, ImageSet cases, ParameterLayout layout) {
    String architecture = facts.getOrDefault("architecture", "");
    if (architecture.isEmpty()) {
      throw new IllegalArgumentException(
          "evaluate: the model file does not name its architecture; give --architecture");
    }
    // The last tensor of every trainable architecture is the head's bias, one value a class.
    long classes = layout.tensors().getLast().length();
    return new ModelSpec(
        architecture,
        number(facts, "channels", cases.channels()),
        number(facts, "height", cases.height()),
        number(facts, "width", cases.width()),
        number(facts, "classes", Math.toIntExact(Math.min(classes, 1001))),
        0);
  }

  private static Preprocessing preprocessing(Map<String, String> facts) {
    String normalisation = facts.getOrDefault("normalisation", "image");
    if (!List.of("fixed", "image").contains(normalisation)) {
      throw new IllegalArgumentException(
          "evaluate: normalisation must be fixed or image, got " + Limits.printable(normalisation));
    }
    return new Preprocessing(
        normalisation.equals("image"), real(facts, "mean", 0.5), real(facts, "deviation", 0.25));
  }

  private static Map<String, Object> values(ModelSpec spec, ImageSet cases, Scores scores) {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("architecture", spec.architecture());
    values.put("n", cases.count());
    values.put("perClass", scores.counts().perClass());
    if (!scores.binary()) {
      scores
          .findings(
              org.consilium.protocol.ValidationReport.Subject.GLOBAL,
              org.consilium.protocol.ValidationReport.Cases.HOLDOUT)
          .forEach(
              f -> values.put(f.quantity().name().toLowerCase(java.util.Locale.ROOT), f.value()));
      return values;
    }
    LabelledScores positive = scores.positive();
    Auroc.of(positive)
        .ifPresent(
            a -> {
              values.put("auroc", a.estimate());
              values.put("aurocInterval", ends(a.interval()));
            });
    Confusion confusion = Confusion.at(THRESHOLD, positive);
    values.put("accuracy", confusion.accuracy());
    values.put("accuracyInterval", ends(confusion.accuracyInterval()));
    if (positive.positives() > 0 && positive.negatives() > 0) {
      values.put("balancedAccuracy", confusion.balancedAccuracy());
      values.put("balancedAccuracyInterval", ends(confusion.balancedAccuracyInterval()));
      values.put("sensitivity", confusion.sensitivity());
      values.put("sensitivityInterval", ends(confusion.sensitivityInterval()));
      values.put("specificity", confusion.specificity());
      values.put("specificityInterval", ends(confusion.specificityInterval()));
    }
    values.put("logLoss", ProbabilityScores.logLoss(positive));
    values.put("calibrationError", ProbabilityScores.calibrationError(positive));
    return values;
  }

  private static List<Double> ends(Interval interval) {
    return List.of(interval.lower(), interval.upper());
  }

  private static int number(Map<String, String> facts, String key, int otherwise) {
    String text = facts.getOrDefault(key, Integer.toString(otherwise));
    try {
      return Integer.parseInt(text);
    } catch (NumberFormatException notNumber) {
      throw new IllegalArgumentException(
          "evaluate: %s must be a whole number, got %s".formatted(key, Limits.printable(text)),
          notNumber);
    }
  }

  private static double real(Map<String, String> facts, String key, double otherwise) {
    String text = facts.getOrDefault(key, Double.toString(otherwise));
    try {
      return Double.parseDouble(text);
    } catch (NumberFormatException notNumber) {
      throw new IllegalArgumentException(
          "evaluate: %s must be a number, got %s".formatted(key, Limits.printable(text)),
          notNumber);
    }
  }
}
