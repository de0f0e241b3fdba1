package org.consilium.models.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Expected values: pROC, scikit-learn and statsmodels, as each vector file says. */
@Tag("vectors")
final class StatisticsVectorsTest {
  private static final Offset<Double> CLOSE = within(1e-9);

  @Test
  void auroc_ofReferenceCases_matchesProc() throws IOException {
    int checked = 0;
    for (JsonElement element : read("roc.json").getAsJsonArray("cases")) {
      JsonObject c = element.getAsJsonObject();
      for (String which : new String[] {"a", "b"}) {
        LabelledScores cases = new LabelledScores(ints(c, "labels"), doubles(c, "scores_" + which));
        Auroc auroc = Auroc.of(cases).orElseThrow();
        double[] interval = doubles(c, "ci95_logit_" + which);
        assertThat(auroc.estimate()).isCloseTo(number(c, "auroc_" + which), CLOSE);
        assertThat(auroc.variance()).isCloseTo(number(c, "delong_variance_" + which), CLOSE);
        assertThat(auroc.interval().lower()).isCloseTo(interval[0], CLOSE);
        assertThat(auroc.interval().upper()).isCloseTo(interval[1], CLOSE);
        checked++;
      }
    }
    assertThat(checked).isEqualTo(8);
  }

  @Test
  void scores_ofReferenceCases_matchScikitLearn() throws IOException {
    for (JsonElement element : read("roc.json").getAsJsonArray("cases")) {
      JsonObject c = element.getAsJsonObject();
      LabelledScores cases = new LabelledScores(ints(c, "labels"), doubles(c, "scores_a"));
      JsonObject at = c.getAsJsonObject("at_threshold");
      Confusion confusion = Confusion.at(number(at, "threshold"), cases);
      assertThat(confusion)
          .isEqualTo(
              new Confusion(
                  at.get("tp").getAsInt(),
                  at.get("fp").getAsInt(),
                  at.get("tn").getAsInt(),
                  at.get("fn").getAsInt()));
      assertThat(confusion.balancedAccuracy()).isCloseTo(number(at, "balanced_accuracy"), CLOSE);
      assertThat(ProbabilityScores.brier(cases)).isCloseTo(number(c, "brier_a"), CLOSE);
      assertThat(ProbabilityScores.logLoss(cases)).isCloseTo(number(c, "log_loss_a"), CLOSE);
    }
  }

  @Test
  void multiClassScores_ofReferenceCases_matchScikitLearn() throws IOException {
    JsonObject c = read("roc.json").getAsJsonObject("multiclass");
    int[] labels = ints(c, "labels");
    double[][] probabilities =
        c.getAsJsonArray("probabilities").asList().stream()
            .map(row -> doubles(row.getAsJsonArray()))
            .toArray(double[][]::new);
    assertThat(Auroc.macroOneVersusRest(labels, probabilities).orElseThrow())
        .isCloseTo(number(c, "auroc_one_vs_rest_macro"), CLOSE);
    assertThat(ProbabilityScores.accuracy(labels, probabilities))
        .isCloseTo(number(c, "accuracy"), CLOSE);
    assertThat(ProbabilityScores.logLoss(labels, probabilities))
        .isCloseTo(number(c, "log_loss"), CLOSE);
  }

  @Test
  void calibrationError_ofReferenceCases_matches() throws IOException {
    for (JsonElement element : read("calibration.json").getAsJsonArray("calibration")) {
      JsonObject c = element.getAsJsonObject();
      LabelledScores cases = new LabelledScores(ints(c, "labels"), doubles(c, "probabilities"));
      assertThat(ProbabilityScores.calibrationError(cases))
          .isCloseTo(number(c, "ece_equal_mass_15"), within(1e-12));
      assertThat(ProbabilityScores.brier(cases)).isCloseTo(number(c, "brier"), within(1e-8));
    }
  }

  @Test
  void wilson_ofReferenceCases_matchesStatsmodels() throws IOException {
    int checked = 0;
    for (JsonElement element : read("calibration.json").getAsJsonArray("proportion_intervals")) {
      JsonObject c = element.getAsJsonObject();
      if (number(c, "confidence") == .95) {
        Interval wilson = Interval.wilson(c.get("successes").getAsLong(), c.get("n").getAsLong());
        assertThat(wilson.lower()).isCloseTo(doubles(c, "wilson")[0], CLOSE);
        assertThat(wilson.upper()).isCloseTo(doubles(c, "wilson")[1], CLOSE);
        checked++;
      }
    }
    assertThat(checked).isGreaterThanOrEqualTo(5);
  }

  private static JsonObject read(String name) throws IOException {
    String folder = System.getProperty("consilium.vectors", "");
    if (!folder.isEmpty()) {
      return JsonParser.parseString(
              Files.readString(Path.of(folder, "stats", name), StandardCharsets.UTF_8))
          .getAsJsonObject();
    }
    try (InputStream in =
        StatisticsVectorsTest.class.getResourceAsStream("/vectors/stats/" + name)) {
      assertThat(in).isNotNull();
      return JsonParser.parseString(new String(in.readAllBytes(), StandardCharsets.UTF_8))
          .getAsJsonObject();
    }
  }

  private static double number(JsonObject from, String key) {
    return from.get(key).getAsDouble();
  }

  private static int[] ints(JsonObject from, String key) {
    return from.getAsJsonArray(key).asList().stream().mapToInt(JsonElement::getAsInt).toArray();
  }

  private static double[] doubles(JsonObject from, String key) {
    return doubles(from.getAsJsonArray(key));
  }

  private static double[] doubles(JsonArray array) {
    return array.asList().stream().mapToDouble(JsonElement::getAsDouble).toArray();
  }
}
