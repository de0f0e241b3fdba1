package org.consilium.sim.score;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.consilium.models.data.ImageSet;
import org.consilium.models.engine.EngineSettings;
import org.consilium.models.engine.LocalModel;
import org.consilium.models.engine.Preprocessing;
import org.consilium.models.federated.RoundLayout;
import org.consilium.models.metrics.Auroc;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.protocol.ModelSpec;

/** Judges single-logit models on the test cases of every site. */
public final class TestBench {
  private final ModelSpec spec;
  private final Preprocessing preprocessing;
  private final List<ImageSet> tests;

  /**
   * @param tests one set a site, in the order that all results have
   */
  public TestBench(ModelSpec spec, Preprocessing preprocessing, List<ImageSet> tests) {
    this.spec = spec;
    this.preprocessing = preprocessing;
    this.tests = List.copyOf(tests);
  }

  /**
   * One model's opinion of every test case.
   *
   * @param logits one array a site, one number a case
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

  /** Judges parameters. */
  public Opinion judge(ParameterSource parameters) throws IOException {
    try (LocalModel model = LocalModel.open(spec, EngineSettings.reproducible())) {
      model.load(RoundLayout.parameters(parameters));
      List<double[]> logits = new ArrayList<>();
      for (ImageSet test : tests) {
        logits.add(model.predict(test, preprocessing));
      }
      return new Opinion(logits);
    }
  }

  /** AUROC on one site's test cases; empty when they are all of one class. */
  public Optional<Auroc> own(Opinion opinion, int site) {
    return Auroc.of(tests.get(site).labels(), opinion.logits.get(site));
  }

  /** AUROC on the test cases of all sites together. */
  public Optional<Auroc> all(Opinion opinion) {
    int count = tests.stream().mapToInt(ImageSet::count).sum();
    int[] labels = new int[count];
    double[] logits = new double[count];
    int at = 0;
    for (int i = 0; i < tests.size(); i++) {
      System.arraycopy(tests.get(i).labels(), 0, labels, at, tests.get(i).count());
      System.arraycopy(opinion.logits.get(i), 0, logits, at, tests.get(i).count());
      at += tests.get(i).count();
    }
    return Auroc.of(labels, logits);
  }
}
