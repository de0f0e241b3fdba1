package org.consilium.sim.score;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.consilium.models.data.ImageSet;
import org.consilium.models.engine.LocalModel;
import org.consilium.models.engine.Preprocessing;
import org.consilium.models.federated.RoundLayout;
import org.consilium.models.metrics.Auroc;
import org.consilium.models.metrics.ClassTable;
import org.consilium.models.metrics.Interval;
import org.consilium.models.metrics.ProbabilityScores;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.SafetensorsFile;

/** Judges models on the test cases of every site. */
public final class TestBench {
  private final Beginning beginning;
  private final Preprocessing preprocessing;
  private final List<ImageSet> tests;

  /**
   * @param beginning what models are that hold a part of the parameters only
   * @param tests one set a site, in the order that all results have
   */
  public TestBench(Beginning beginning, Preprocessing preprocessing, List<ImageSet> tests) {
    this.beginning = beginning;
    this.preprocessing = preprocessing;
    this.tests = List.copyOf(tests);
  }

  /**
   * One model's opinion of every test case.
   *
   * @param logits one array a site, one number a case or one a case and class
   */
  public record Opinion(List<double[]> logits) {
    public Opinion {
      logits = List.copyOf(logits);
    }
  }

  /** Judges the parameters of a file. */
  public Opinion judge(Path safetensors) throws IOException {
    try (SafetensorsFile file = SafetensorsFile.open(safetensors)) {
      return judge(file);
    }
  }

  /** Judges parameters: of the whole model, or of what the study trains of it. */
  public Opinion judge(ParameterSource parameters) throws IOException {
    try (LocalModel model = beginning.open()) {
      model.load(RoundLayout.parameters(parameters));
      List<double[]> logits = new ArrayList<>();
      for (ImageSet test : tests) {
        logits.add(model.predict(test, preprocessing));
      }
      return new Opinion(logits);
    }
  }

  /**
   * What one model is worth on one set of cases.
   *
   * @param cases number of them
   * @param auroc with its interval; with more than two classes the mean of one against the rest,
   *     both ends equal to it; empty when a class is missing
   * @param table who was called what
   */
  public record Worth(int cases, Optional<Estimate> auroc, ClassTable table) {}

  /** A number and its 95 % interval. */
  public record Estimate(double value, Interval interval) {}

  /** What a model is worth on one site's test cases. */
  public Worth worth(Opinion opinion, int site) {
    return worth(tests.get(site).labels(), opinion.logits.get(site));
  }

  /** What a model is worth on the test cases of all sites together. */
  public Worth worthOnAll(Opinion opinion) {
    int[] labels = tests.stream().flatMapToInt(t -> Arrays.stream(t.labels())).toArray();
    return worth(labels, opinion.logits.stream().flatMapToDouble(Arrays::stream).toArray());
  }

  private Worth worth(int[] labels, double[] logits) {
    return new Worth(
        labels.length,
        auroc(labels, logits),
        ClassTable.of(labels, logits, beginning.spec().classes()));
  }

  private Optional<Estimate> auroc(int[] labels, double[] logits) {
    int outputs = beginning.spec().classes();
    if (outputs <= 2) {
      double[] margins = new double[labels.length];
      for (int i = 0; i < margins.length; i++) {
        margins[i] = outputs == 1 ? logits[i] : logits[2 * i + 1] - logits[2 * i];
      }
      return Auroc.of(labels, margins).map(a -> new Estimate(a.estimate(), a.interval()));
    }
    double[][] rows = new double[labels.length][];
    for (int i = 0; i < rows.length; i++) {
      float[] row = new float[outputs];
      for (int c = 0; c < outputs; c++) {
        row[c] = (float) logits[i * outputs + c];
      }
      rows[i] = ProbabilityScores.softmax(row);
    }
    OptionalDouble mean = Auroc.macroOneVersusRest(labels, rows);
    return mean.isPresent()
        ? Optional.of(
            new Estimate(mean.getAsDouble(), new Interval(mean.getAsDouble(), mean.getAsDouble())))
        : Optional.empty();
  }
}
