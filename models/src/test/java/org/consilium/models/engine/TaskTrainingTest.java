package org.consilium.models.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.consilium.models.catalog.Catalogue;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.LabelledFindings;
import org.consilium.models.data.LabelledMasks;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.tune.Merged;
import org.consilium.models.tune.Start;
import org.consilium.models.tune.TrainedSet;
import org.consilium.protocol.ModelSpec;
import org.consilium.protocol.StudyPlan.Task;
import org.consilium.protocol.StudyPlan.Tuning;
import org.consilium.protocol.StudyPlan.Tuning.Local;
import org.consilium.protocol.StudyPlan.Tuning.Regime;
import org.consilium.protocol.Training;
import org.junit.jupiter.api.Test;

/** Training of parts of a model, and of tasks other than one class an image. */
class TaskTrainingTest {
  private static final ModelSpec SMALL = new ModelSpec("vit-test", 1, 16, 16, 1, 0);
  private static final Task CLASSES = new Task(Task.Type.CLASSIFICATION, "none");

  @Test
  void train_adapters_movesThemAndTheHeadAlone() throws IOException {
    Tuning tuning = new Tuning(Regime.FFA_LORA, 0, 4, 8, Local.NOTHING);
    try (LocalModel model = opened(SMALL, tuning)) {
      float[] before = values(model);
      List<Double> losses = losses(model, CLASSES, 4);

      assertThat(losses.getLast()).isLessThan(losses.getFirst());
      float[] after = values(model);
      for (int t = 0; t < model.layout().tensors().size(); t++) {
        String name = model.layout().tensors().get(t).name();
        boolean trained = name.endsWith(".lora_B") || name.startsWith("head.");
        assertThat(Arrays.equals(part(before, model.layout(), t), part(after, model.layout(), t)))
            .as(name)
            .isEqualTo(!trained);
      }
    }
  }

  @Test
  void predict_withAdapters_isWhatTheMergedModelSays() throws IOException {
    Tuning tuning = new Tuning(Regime.LORA, 0, 4, 8, Local.NOTHING);
    ImageSet images = brightOrDark(12);
    try (LocalModel model = opened(SMALL, tuning);
        LocalModel plain = LocalModel.open(SMALL, EngineSettings.reproducible())) {
      losses(model, CLASSES, 2);
      plain.load(new Merged(model.set(), model, List.of()));
      Preprocessing preprocessing = Preprocessing.of(plan(0));

      assertThat(plain.predict(images, preprocessing))
          .containsExactly(model.predict(images, preprocessing), within(1e-5));
    }
  }

  @Test
  void train_headOnEmbeddings_learnsAndLeavesTheBody() throws IOException {
    Tuning tuning = new Tuning(Regime.PROBE, 0, 0, 0, Local.NOTHING);
    try (LocalModel model = opened(SMALL, tuning)) {
      float[] before = values(model);
      List<Double> losses = losses(model, CLASSES, 6);

      assertThat(losses.getLast()).isLessThan(losses.getFirst());
      int head = (int) model.layout().length() - 33;
      assertThat(Arrays.copyOf(values(model), head)).isEqualTo(Arrays.copyOf(before, head));
    }
  }

  @Test
  void train_findingThatNobodyKnows_leavesItsPartOfTheHead() throws IOException {
    ModelSpec spec = new ModelSpec("vit-test", 1, 16, 16, 3, 0);
    ImageSet images = brightOrDark(32);
    byte[] targets = new byte[32 * 3];
    for (int i = 0; i < 32; i++) {
      targets[3 * i] = (byte) images.label(i);
      targets[3 * i + 1] = LabelledFindings.UNKNOWN;
      targets[3 * i + 2] = (byte) (i % 4 == 0 ? LabelledFindings.UNKNOWN : 1 - images.label(i));
    }
    try (LocalModel model = opened(spec, Tuning.FULL)) {
      ParameterLayout layout = model.layout();
      int weight = layout.tensors().size() - 2;
      float[] before = part(values(model), layout, weight);
      LabelledFindings cases = LabelledFindings.of(images, 3, targets);
      List<Double> losses = new ArrayList<>();
      for (int round = 1; round <= 4; round++) {
        TrainingRun run = run(new Task(Task.Type.MULTILABEL, "balanced"), round, 4);
        losses.add(((TrainingOutcome.Trained) model.train(cases, run)).loss());
      }

      float[] after = part(values(model), layout, weight);
      assertThat(losses.getLast()).isLessThan(losses.getFirst());
      assertThat(Arrays.copyOfRange(after, 32, 64)).isEqualTo(Arrays.copyOfRange(before, 32, 64));
      assertThat(Arrays.copyOf(after, 32)).isNotEqualTo(Arrays.copyOf(before, 32));
    }
  }

  @Test
  void train_masks_findsBrightSquares() throws IOException {
    ModelSpec spec = new ModelSpec("unet-gn", 1, 32, 32, 1, 0);
    LabelledMasks cases = squares(16);
    try (LocalModel model = opened(spec, Tuning.FULL)) {
      List<Double> losses = new ArrayList<>();
      for (int round = 1; round <= 6; round++) {
        TrainingRun run = run(new Task(Task.Type.SEGMENTATION, "none"), round, 6);
        losses.add(((TrainingOutcome.Trained) model.train(cases, run)).loss());
      }

      assertThat(losses.getLast()).isLessThan(losses.getFirst() / 2);
      double[] logits = model.predict(cases.images(), Preprocessing.of(plan(0)));
      assertThat(logits).hasSize(16 * 32 * 32);
    }
  }

  @Test
  void train_hiddenPatches_areDrawnBetter() throws IOException {
    ModelSpec spec = new ModelSpec("mae-vit-test", 1, 16, 16, 1, 0);
    ImageSet images = brightOrDark(32);
    try (LocalModel model = opened(spec, Tuning.FULL)) {
      Preprocessing preprocessing = Preprocessing.of(plan(0));
      double before = Arrays.stream(model.drawingLosses(images, preprocessing, 1)).sum();
      losses(model, new Task(Task.Type.MASKED, "none"), 8);

      assertThat(Arrays.stream(model.drawingLosses(images, preprocessing, 1)).sum())
          .isLessThan(before);
    }
  }

  @Test
  void lossOfThePriorCorrection_addsTheSitesLogOdds() {
    // 3 of 4 cases positive: ln(.75/.25) = 1.0986 is added; softplus(1.0986) − 1.0986 = .2877.
    ImageSet cases = new ImageSet(1, 1, 1, new byte[4], new int[] {1, 1, 1, 0});
    Correction prior = Correction.of(new Task(Task.Type.CLASSIFICATION, "prior"), cases, 1);

    double loss = Loss.sum(new float[] {0}, new int[] {1}, prior, new float[1], 1);

    assertThat(loss).isCloseTo(0.28768, within(1e-5));
  }

  @Test
  void lossOfBalancedClasses_givesEachTheSamePart() {
    ImageSet cases = new ImageSet(1, 1, 1, new byte[4], new int[] {1, 1, 1, 0});
    Correction balanced = Correction.of(new Task(Task.Type.CLASSIFICATION, "balanced"), cases, 1);

    assertThat(balanced.weight()).containsExactly(new double[] {2, 2 / 3.0}, within(1e-12));
  }

  private static List<Double> losses(LocalModel model, Task task, int rounds) throws IOException {
    List<Double> losses = new ArrayList<>();
    for (int round = 1; round <= rounds; round++) {
      TrainingOutcome outcome = model.train(brightOrDark(32), run(task, round, rounds));
      losses.add(((TrainingOutcome.Trained) outcome).loss());
    }
    return losses;
  }

  private static TrainingRun run(Task task, int round, int rounds) {
    return TrainingRun.of(plan(0), round, rounds, 5).asking(task);
  }

  private static Training plan(double mu) {
    return new Training(
        1,
        0,
        8,
        new Training.Optimiser("adamw", 5e-3, 0.05, 0, 1, 1),
        new Training.Schedule(1, 0.5, true, 0),
        mu,
        new Training.Input("none", "fixed", 0.5, 0.25),
        Training.Personal.NONE,
        false);
  }

  private static LocalModel opened(ModelSpec spec, Tuning tuning) throws IOException {
    TrainedSet set = TrainedSet.of(Catalogue.require(spec), tuning);
    LocalModel model = LocalModel.open(set, EngineSettings.reproducible());
    model.load(Start.seeded(set, 4));
    return model;
  }

  private static float[] values(LocalModel model) {
    float[] values = new float[(int) model.layout().length()];
    model.read(0, values, 0, values.length);
    return values;
  }

  private static float[] part(float[] values, ParameterLayout layout, int tensor) {
    return Arrays.copyOfRange(values, (int) layout.offset(tensor), (int) layout.offset(tensor + 1));
  }

  /** Noise, and a bright corner in every second image. */
  private static ImageSet brightOrDark(int count) {
    SplittableRandom random = new SplittableRandom(3);
    byte[] pixels = new byte[count * 256];
    int[] labels = IntStream.range(0, count).map(i -> i % 2).toArray();
    for (int i = 0; i < pixels.length; i++) {
      int at = i % 256;
      boolean spot = labels[i / 256] == 1 && at / 16 < 8 && at % 16 < 8;
      pixels[i] = (byte) (random.nextInt(64) + (spot ? 150 : 0));
    }
    return new ImageSet(1, 16, 16, pixels, labels);
  }

  /** A bright square somewhere in each image, and its mask. */
  private static LabelledMasks squares(int count) {
    SplittableRandom random = new SplittableRandom(8);
    byte[] pixels = new byte[count * 1024];
    byte[] masks = new byte[count * 1024];
    for (int image = 0; image < count; image++) {
      int left = random.nextInt(20);
      int top = random.nextInt(20);
      for (int at = 0; at < 1024; at++) {
        int x = at % 32 - left;
        int y = at / 32 - top;
        boolean inside = x >= 0 && x < 10 && y >= 0 && y < 10;
        masks[image * 1024 + at] = (byte) (inside ? 1 : 0);
        pixels[image * 1024 + at] = (byte) (random.nextInt(60) + (inside ? 140 : 0));
      }
    }
    return LabelledMasks.of(new ImageSet(1, 32, 32, pixels, new int[count]), 2, masks);
  }
}
