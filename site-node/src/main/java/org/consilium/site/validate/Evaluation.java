package org.consilium.site.validate;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.consilium.models.catalog.DualEncoder;
import org.consilium.models.catalog.ModelSheet;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.LabelledTexts;
import org.consilium.models.data.NpzFile;
import org.consilium.models.data.NpzTexts;
import org.consilium.models.data.Split;
import org.consilium.models.engine.EngineSettings;
import org.consilium.models.engine.ImageText;
import org.consilium.models.engine.LocalModel;
import org.consilium.models.engine.Preprocessing;
import org.consilium.models.federated.RoundLayout;
import org.consilium.models.metrics.Auroc;
import org.consilium.models.metrics.ClassTable;
import org.consilium.models.metrics.Confusion;
import org.consilium.models.metrics.Interval;
import org.consilium.models.metrics.LabelledScores;
import org.consilium.models.metrics.ProbabilityScores;
import org.consilium.models.metrics.Retrieval;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.SafetensorsFile;

/**
 * One model file judged on one split of one data file, for the person who has both. Exact numbers:
 * the result is for that person's screen, and is not a report.
 *
 * @param values by name, in the order in which they are shown
 */
public record Evaluation(Map<String, Object> values) {
  private static final double THRESHOLD = 0.5;

  /**
   * Judges the model as its own metadata say.
   *
   * @param options keys of the metadata that come before the file's; with an architecture among
   *     them, a file of other origin needs none of its own: its input is the data's, its outputs
   *     are numbered
   * @throws ModelSheet.Unfit if file and options do not say enough, or contradict the file's
   *     tensors
   * @throws IllegalArgumentException if the data do not fit the model
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
      Map<String, String> facts = new HashMap<>();
      if (options.containsKey("architecture")) {
        facts.putAll(ofOtherOrigin(cases, file.layout()));
      }
      facts.putAll(file.metadata());
      facts.putAll(options);
      ModelSheet sheet = ModelSheet.read(facts, file.layout());
      double[] logits;
      try (LocalModel network = LocalModel.open(sheet.spec(), EngineSettings.reproducible())) {
        network.load(RoundLayout.parameters(file));
        if (network.architecture() instanceof DualEncoder) {
          return zeroShot(
              new Asked(network, sheet, cases),
              NpzTexts.read(data, split, cases, NpzFile.Bounds.DEFAULT));
        }
        logits = network.predict(cases, Preprocessing.of(sheet));
      }
      return new Evaluation(values(sheet, cases, Scores.of(cases, logits, sheet.spec().classes())));
    }
  }

  private record Asked(LocalModel network, ModelSheet sheet, ImageSet cases) {}

  /** A dual encoder answers by prompts alone; where there are texts, it also looks for them. */
  private static Evaluation zeroShot(Asked asked, Optional<LabelledTexts> texts)
      throws IOException {
    ModelSheet sheet = asked.sheet;
    Preprocessing preprocessing = Preprocessing.of(sheet);
    ImageText towers = ImageText.of(asked.network);
    double[] logits = towers.zeroShot(asked.cases, preprocessing, sheet.labels());
    Map<String, Object> values =
        values(sheet, asked.cases, Scores.of(asked.cases, logits, sheet.spec().classes()));
    boolean two = sheet.spec().classes() == 1;
    values.put("zeroShotPrompts", two ? ImageText.prompts(sheet.labels()) : sheet.labels());
    if (values.containsKey("auroc")) {
      values.put("zeroShotAuroc", values.get("auroc"));
    }
    if (texts.isPresent()) {
      List<String> said = texts.get().texts();
      Retrieval found =
          Retrieval.of(towers.images(asked.cases, preprocessing), towers.texts(said), said);
      values.put("imageToTextRecallAt1", found.recall(1));
      values.put("imageToTextRecallAt5", found.recall(5));
      values.put("differentTexts", found.different());
    }
    return new Evaluation(values);
  }

  private static Map<String, String> ofOtherOrigin(ImageSet cases, ParameterLayout layout) {
    // The last tensor of every trainable architecture is the head's bias, one value a class.
    int classes = Math.toIntExact(Math.min(layout.tensors().getLast().length(), 1001));
    Map<String, String> facts = new HashMap<>();
    facts.put("channels", Integer.toString(cases.channels()));
    facts.put("height", Integer.toString(cases.height()));
    facts.put("width", Integer.toString(cases.width()));
    facts.put("classes", Integer.toString(classes));
    facts.put("parameters", "0");
    facts.put("mean", "0.5");
    facts.put("deviation", "0.25");
    for (int i = 0; i < Math.max(2, classes); i++) {
      facts.put("label." + i, Integer.toString(i));
    }
    return facts;
  }

  private static Map<String, Object> values(ModelSheet sheet, ImageSet cases, Scores scores) {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("architecture", sheet.spec().architecture());
    values.put("labels", sheet.labels());
    values.put("n", cases.count());
    values.put("perClass", scores.counts().perClass());
    if (!scores.binary()) {
      scores
          .findings(
              org.consilium.protocol.ValidationReport.Subject.GLOBAL,
              org.consilium.protocol.ValidationReport.Cases.HOLDOUT)
          .forEach(
              f -> values.put(f.quantity().name().toLowerCase(java.util.Locale.ROOT), f.value()));
      ClassTable table = scores.table();
      values.put("accuracy", table.accuracy());
      values.put("accuracyInterval", ends(table.accuracyInterval()));
      if (table.everyClass()) {
        values.put("balancedAccuracy", table.balancedAccuracy());
        values.put("balancedAccuracyInterval", ends(table.balancedAccuracyInterval()));
      }
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
}
