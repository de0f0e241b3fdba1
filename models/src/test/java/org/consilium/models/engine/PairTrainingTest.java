package org.consilium.models.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.consilium.models.catalog.Catalogue;
import org.consilium.models.catalog.DualEncoder;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.LabelledTexts;
import org.consilium.models.metrics.Auroc;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.tune.Start;
import org.consilium.models.tune.TrainedSet;
import org.consilium.protocol.ModelSpec;
import org.consilium.protocol.StudyPlan.Task;
import org.consilium.protocol.StudyPlan.Tuning;
import org.consilium.protocol.Training;
import org.junit.jupiter.api.Test;

/** Training by pairs that are to be found alike: two views of an image, an image and its text. */
class PairTrainingTest {
  private static final List<String> LABELS = List.of("normal", "lesion");
  private static final Task VIEWS = new Task(Task.Type.CONTRASTIVE, "none");
  private static final Task TEXTS = new Task(Task.Type.IMAGE_TEXT, "none");
  private static final Task SOFT = new Task(Task.Type.IMAGE_TEXT, "soft");

  @Test
  void train_twoViews_goesDownTheLossSlope() throws IOException {
    for (String name :
        List.of("simclr-vit-test", "simclr-resnet-gn-tiny", "simclr-convnext-test")) {
      int side = name.contains("convnext") ? 32 : 16;
      ImageSet images = brightOrDark(12, side);
      slope(
          new ModelSpec(name, 1, side, side, 1, 0),
          (model, run) -> model.train(images, run),
          VIEWS);
    }
  }

  @Test
  void train_imagesAndTexts_goesDownTheLossSlope() throws IOException {
    LabelledTexts cases = texted(12);
    for (String name : List.of("clip-vit-test", "clip-resnet-gn-tiny")) {
      ModelSpec spec = new ModelSpec(name, 1, 16, 16, 1, 0);
      slope(spec, (model, run) -> ImageText.train(model, cases, run), TEXTS);
      slope(spec, (model, run) -> ImageText.train(model, cases, run), SOFT);
    }
  }

  @Test
  void train_twoViews_findsThemBetter() throws IOException {
    ImageSet images = brightOrDark(32, 16);
    try (LocalModel model = opened("simclr-vit-test")) {
      Training plan = plan("adamw", 5e-3, 12, "weak");
      double before = TwoViews.losses(model, images, plan, 1)[0];
      var _ = model.train(images, run(VIEWS, plan));

      assertThat(TwoViews.losses(model, images, plan, 1)[0]).isLessThan(before);
      assertThat(TwoViews.losses(model, images, plan, 1)).hasSize(32);
      assertThat(model.embed(images, Preprocessing.of(plan))).hasSize(32 * 32);
    }
  }

  @Test
  void zeroShot_afterTrainingOnTextsAlone_tellsTheClassesApart() throws IOException {
    LabelledTexts cases = texted(48);
    try (LocalModel model = opened("clip-resnet-gn-tiny")) {
      Training plan = plan("adamw", 3e-3, 60, "none");
      var _ = ImageText.train(model, cases, run(SOFT, plan));

      double[] logits =
          ImageText.of(model).zeroShot(cases.images(), Preprocessing.of(plan), LABELS);

      assertThat(Auroc.of(cases.images().labels(), logits).orElseThrow().estimate())
          .isGreaterThan(0.95);
    }
  }

  @Test
  void zeroShot_ofMoreLabels_hasALogitForEach() throws IOException {
    ModelSpec spec = new ModelSpec("clip-vit-test", 1, 16, 16, 3, 0);
    ImageSet images = brightOrDark(4, 16);
    try (LocalModel model = LocalModel.open(spec, EngineSettings.reproducible())) {
      model.load(model.architecture().initial(1));
      ImageText towers = ImageText.of(model);
      Preprocessing preprocessing = Preprocessing.of(plan("adamw", 1e-3, 1, "none"));

      double[] logits = towers.zeroShot(images, preprocessing, List.of("normal", "mass", "cyst"));
      float[] seen = towers.images(images, preprocessing);
      float[] said = towers.texts(List.of("cyst"));

      double product = 0;
      for (int d = 0; d < said.length; d++) {
        product += (double) seen[d] * said[d];
      }
      assertThat(logits).hasSize(12);
      assertThat(logits[2]).isCloseTo(product / 0.07, within(1e-4));
    }
  }

  @Test
  void train_scaleBeyondItsBounds_isBroughtBack() throws IOException {
    LabelledTexts cases = texted(12);
    for (float wild : new float[] {9, -3}) {
      try (LocalModel model = opened("clip-vit-test")) {
        float[] values = values(model);
        int scale = scaleOf(model);
        values[scale] = wild;
        model.load(ParameterSource.of(model.layout(), values));
        var _ = ImageText.train(model, cases, run(TEXTS, plan("adamw", 1e-6, 1, "none")));

        float bound = wild > 0 ? (float) DualEncoder.LOGIT_SCALE_MAX : 0;
        assertThat(values(model)[scale]).isEqualTo(bound);
      }
    }
  }

  @Test
  void of_modelWithoutTextTower_isRefused() throws IOException {
    try (LocalModel model = opened("vit-test")) {
      assertThatThrownBy(() -> ImageText.of(model)).hasMessageContaining("no text tower");
      Training plan = plan("adamw", 1e-3, 1, "none");
      assertThatThrownBy(() -> TwoViews.losses(model, brightOrDark(2, 16), plan, 1))
          .hasMessageContaining("no projector");
    }
  }

  @Test
  void start_ofAnEncoder_takesTheContrastiveOnesTensors() throws IOException {
    for (String name : List.of("vit-test", "resnet-gn-tiny")) {
      TrainedSet set =
          TrainedSet.of(Catalogue.require(new ModelSpec(name, 1, 16, 16, 1, 0)), Tuning.FULL);
      ParameterSource contrastive =
          Catalogue.require(new ModelSpec("simclr-" + name, 1, 16, 16, 1, 0)).initial(77);

      Start start = Start.from(contrastive, set, 1);

      float[] first = new float[64];
      float[] expected = new float[64];
      start.read(0, first, 0, 64);
      contrastive.read(0, expected, 0, 64);
      assertThat(first).isEqualTo(expected);
    }
  }

  private interface Lesson {
    TrainingOutcome teach(LocalModel model, TrainingRun run) throws IOException;
  }

  /**
   * One step of plain descent is −η times the gradient. Along it, the loss must rise by the
   * gradient's norm: a central difference of the loss that the next run reports before its step.
   */
  private static void slope(ModelSpec spec, Lesson lesson, Task task) throws IOException {
    double rate = 1e-3;
    TrainingRun run = run(task, plan("sgd", rate, 1, "weak"));
    try (LocalModel model = LocalModel.open(spec, EngineSettings.reproducible())) {
      model.load(model.architecture().initial(3));
      float[] before = values(model);
      var _ = lesson.teach(model, run);
      float[] after = values(model);
      double[] gradient = new double[before.length];
      Arrays.setAll(gradient, i -> (before[i] - (double) after[i]) / rate);
      double norm = Math.sqrt(Arrays.stream(gradient).map(g -> g * g).sum());
      double[] losses = new double[2];
      double step = 2e-3;
      for (int side = 0; side < 2; side++) {
        float[] moved = before.clone();
        for (int i = 0; i < moved.length; i++) {
          moved[i] += (float) ((side == 0 ? -step : step) * gradient[i] / norm);
        }
        model.load(ParameterSource.of(model.layout(), moved));
        losses[side] = ((TrainingOutcome.Trained) lesson.teach(model, run)).loss();
      }
      assertThat((losses[1] - losses[0]) / (2 * step))
          .as("%s, %s", spec.architecture(), task.correction())
          .isCloseTo(norm, within(0.03 * norm));
    }
  }

  private static TrainingRun run(Task task, Training plan) {
    return TrainingRun.of(plan, 1, 1, 5).asking(task);
  }

  private static Training plan(String optimiser, double rate, int steps, String augmentation) {
    return new Training(
        1,
        steps,
        64,
        new Training.Optimiser(optimiser, rate, 0, 0, 0, 1),
        new Training.Schedule(1, 0, false, 0),
        0,
        new Training.Input(augmentation, "fixed", 0.5, 0.25),
        Training.Personal.NONE,
        false);
  }

  private static LocalModel opened(String name) throws IOException {
    LocalModel model =
        LocalModel.open(new ModelSpec(name, 1, 16, 16, 1, 0), EngineSettings.reproducible());
    model.load(model.architecture().initial(4));
    return model;
  }

  private static int scaleOf(LocalModel model) {
    ParameterLayout layout = model.layout();
    int tensor =
        IntStream.range(0, layout.tensors().size())
            .filter(t -> layout.tensors().get(t).name().equals("logit_scale"))
            .findFirst()
            .orElseThrow();
    return (int) layout.offset(tensor);
  }

  private static float[] values(LocalModel model) {
    float[] values = new float[(int) model.layout().length()];
    model.read(0, values, 0, values.length);
    return values;
  }

  private static LabelledTexts texted(int count) {
    ImageSet images = brightOrDark(count, 16);
    List<String> texts =
        IntStream.range(0, count)
            .mapToObj(
                i ->
                    images.label(i) == 1
                        ? i % 3 == 0 ? "bright lesion, upper left" : "lesion in the left part"
                        : i % 3 == 0 ? "no lesion is seen" : "no lesion")
            .toList();
    return new LabelledTexts(images, texts);
  }

  /** Noise, and a bright corner in every second image. */
  private static ImageSet brightOrDark(int count, int side) {
    SplittableRandom random = new SplittableRandom(3);
    int area = side * side;
    byte[] pixels = new byte[count * area];
    int[] labels = IntStream.range(0, count).map(i -> i % 2).toArray();
    for (int i = 0; i < pixels.length; i++) {
      int at = i % area;
      boolean spot = labels[i / area] == 1 && at / side < side / 2 && at % side < side / 2;
      pixels[i] = (byte) (random.nextInt(64) + (spot ? 150 : 0));
    }
    return new ImageSet(1, side, side, pixels, labels);
  }
}
