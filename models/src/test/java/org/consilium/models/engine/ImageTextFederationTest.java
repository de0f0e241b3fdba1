package org.consilium.models.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.consilium.models.catalog.Catalogue;
import org.consilium.models.data.BundledSlices;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.LabelledTexts;
import org.consilium.models.data.LesionCases;
import org.consilium.models.data.SiteKnobs;
import org.consilium.models.data.Split;
import org.consilium.models.metrics.Auroc;
import org.consilium.models.params.ParameterSource;
import org.consilium.protocol.ModelSpec;
import org.consilium.protocol.StudyPlan.Task;
import org.consilium.protocol.Training;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Four sites learn images and texts together; the labels are only there to judge them. */
class ImageTextFederationTest {
  private static final List<String> LABELS = List.of("normal", "lesion");
  private static final int SIDE = 64;
  private static final ModelSpec SPEC = new ModelSpec("clip-resnet-gn", 1, SIDE, SIDE, 1, 0);
  private static final int ROUNDS = 16;
  private static final int CASES = 120;
  private static final int TESTS = 150;
  private static final long SEED = 7;

  @Test
  @Tag("slow")
  void zeroShot_ofFourSites_findsLesionsAndBeatsTheSitesAlone() throws IOException {
    LesionCases maker = LesionCases.on(BundledSlices.colin(), SIDE);
    List<LabelledTexts> sites = new ArrayList<>();
    List<ImageSet> tests = new ArrayList<>();
    for (SiteKnobs knobs : SiteKnobs.demonstration()) {
      LesionCases.CaseBatch cases = maker.casesWithMasks(knobs, Split.TRAIN, SEED, 0, CASES);
      sites.add(new LabelledTexts(cases.images(), cases.texts()));
      tests.add(maker.cases(knobs, Split.TEST, SEED, 0, TESTS));
    }

    double together = judged(federated(sites), tests);
    List<Double> alone = new ArrayList<>();
    for (LabelledTexts site : sites.subList(0, 2)) { // two are enough to tell, and half the time
      alone.add(judged(federated(List.of(site)), tests));
    }
    // Seen: .919 against .248 and .467. After 25 rounds, on two other kinds of processor: .946
    // against .487, .509, .831 and .911; .925 against .613, .546, .661 and .927. One site may be as
    // good alone, by luck; what they are on average is not.
    assertThat(together).isGreaterThanOrEqualTo(0.80);
    double mean = alone.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
    assertThat(mean).isLessThan(together - 0.1);
  }

  private static float[] federated(List<LabelledTexts> sites) throws IOException {
    float[] global = values(Catalogue.require(SPEC).initial(SEED));
    try (LocalModel model = LocalModel.open(SPEC, EngineSettings.reproducible())) {
      for (int round = 1; round <= ROUNDS; round++) {
        double[] sum = new double[global.length];
        for (int site = 0; site < sites.size(); site++) {
          model.load(ParameterSource.of(model.layout(), global));
          TrainingOutcome outcome = ImageText.train(model, sites.get(site), run(round, site));
          assertThat(outcome).isInstanceOf(TrainingOutcome.Trained.class);
          float[] trained = values(model);
          for (int i = 0; i < sum.length; i++) {
            sum[i] += (double) trained[i] / sites.size();
          }
        }
        for (int i = 0; i < sum.length; i++) {
          global[i] = (float) sum[i];
        }
      }
    }
    return global;
  }

  /** Mean over the sites of the zero-shot AUROC. */
  private static double judged(float[] parameters, List<ImageSet> tests) throws IOException {
    double sum = 0;
    try (LocalModel model = LocalModel.open(SPEC, EngineSettings.reproducible())) {
      model.load(ParameterSource.of(model.layout(), parameters));
      for (ImageSet test : tests) {
        double[] logits = ImageText.of(model).zeroShot(test, Preprocessing.of(plan()), LABELS);
        sum += Auroc.of(test.labels(), logits).orElseThrow().estimate();
      }
    }
    return sum / tests.size();
  }

  private static TrainingRun run(int round, int site) {
    Task task = new Task(Task.Type.IMAGE_TEXT, "soft");
    return TrainingRun.of(plan(), round, ROUNDS, SEED + site).asking(task);
  }

  private static Training plan() {
    return new Training(
        1,
        8,
        64,
        new Training.Optimiser("adamw", 2e-3, 0.05, 0, 1, 1),
        new Training.Schedule(0.5, 0, true, 0),
        0,
        new Training.Input("upright", "fixed", 0.25, 0.25),
        Training.Personal.NONE,
        false);
  }

  private static float[] values(ParameterSource source) throws IOException {
    float[] values = new float[(int) source.layout().length()];
    source.read(0, values, 0, values.length);
    return values;
  }
}
