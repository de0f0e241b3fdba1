package org.consilium.models.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.consilium.models.catalog.Catalogue;
import org.consilium.models.catalog.ResNetGn;
import org.consilium.models.data.ImageSet;
import org.consilium.models.params.TensorSpec;
import org.consilium.models.tune.TrainedSet;
import org.consilium.protocol.ModelSpec;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.Training;
import org.junit.jupiter.api.Test;

class LocalModelTest {
  private static final ModelSpec TINY = new ModelSpec("resnet-gn-tiny", 1, 16, 16, 1, 0);
  private static final Preprocessing PLAIN = new Preprocessing(false, 0.5, 0.25);

  private static final TrainedSet FULL =
      TrainedSet.of(Catalogue.require(TINY), StudyPlan.Tuning.FULL);

  @Test
  void predict_tinyNetwork_agreesWithTheScalarOracle() throws IOException {
    for (ModelSpec spec :
        List.of(
            TINY,
            new ModelSpec("resnet-gn-tiny", 3, 20, 28, 4, 0),
            new ModelSpec("resnet-gn-tiny", 1, 40, 36, 2, 0))) {
      ImageSet images = images(spec, 3, 5);
      try (LocalModel model = opened(spec, 11)) {
        ScalarResNet oracle = new ScalarResNet((ResNetGn) model.architecture(), model);

        double[] logits = model.predict(images, PLAIN);

        for (int i = 0; i < images.count(); i++) {
          double[] expected = oracle.logits(planes(images, i));
          for (int k = 0; k < expected.length; k++) {
            assertThat(logits[i * expected.length + k])
                .as("%s image %d output %d", spec, i, k)
                .isCloseTo(expected[k], within(1e-4));
          }
        }
      }
    }
  }

  @Test
  void gradient_ofTheMeanLoss_agreesWithFiniteDifferencesOfTheOracle() throws IOException {
    ImageSet images = images(TINY, 4, 9);
    try (LocalModel model = opened(TINY, 2)) {
      ScalarResNet oracle = new ScalarResNet((ResNetGn) model.architecture(), model);
      List<String> names = model.layout().tensors().stream().map(TensorSpec::name).toList();
      try (Trainer trainer = trainer(model, images, 4, 4)) {
        trainer.gradientOf(new int[] {0, 1, 2, 3}, 0);
        for (String name :
            List.of(
                "conv1.weight",
                "bn1.weight",
                "layer1.0.conv2.weight",
                "layer2.0.bn2.bias",
                "layer2.0.downsample.0.weight",
                "fc.weight",
                "fc.bias")) {
          double[] tensor = oracle.tensor(name);
          int place = tensor.length / 3;
          double step = 1e-5;
          double before = tensor[place];
          tensor[place] = before + step;
          double above = meanLoss(oracle, images);
          tensor[place] = before - step;
          double below = meanLoss(oracle, images);
          tensor[place] = before;

          float[] gradient =
              model.parameters().get(names.indexOf(name)).getGradient().toFloatArray();

          assertThat((double) gradient[place])
              .as(name)
              .isCloseTo((above - below) / (2 * step), within(1e-4));
        }
      }
    }
  }

  @Test
  void gradient_inMicroBatches_isThatOfTheWholeBatch() throws IOException {
    ImageSet images = images(TINY, 7, 9);
    int[] all = IntStream.range(0, 7).toArray();
    List<float[]> gradients = new ArrayList<>();
    for (int size : new int[] {7, 2}) {
      try (LocalModel model = opened(TINY, 2);
          Trainer trainer = trainer(model, images, 7, size)) {
        trainer.gradientOf(all, 0);
        gradients.add(model.parameters().getFirst().getGradient().toFloatArray());
      }
    }

    assertThat(gradients.get(1)).containsExactly(gradients.get(0), within(1e-6f));
  }

  @Test
  void train_twiceFromTheSameInputs_givesTheSameBits() throws IOException {
    ImageSet images = images(TINY, 40, 1);

    float[] once = trained(images, plan(8), false);
    float[] again = trained(images, plan(8), false);

    assertThat(again).isEqualTo(once);
  }

  @Test
  void train_throughDeviceCopies_givesTheSameBitsAsThroughViews() throws IOException {
    ImageSet images = images(TINY, 16, 1);

    assertThat(trained(images, plan(8), true)).isEqualTo(trained(images, plan(8), false));
  }

  @Test
  void train_anotherRound_drawsAnotherOrder() throws IOException {
    ImageSet images = images(TINY, 40, 1);
    Training plan = plan(8);
    try (LocalModel model = opened(TINY, 4)) {
      model.train(images, TrainingRun.of(plan, 1, 3, 1));
      float[] first = values(model);
      model.load(model.architecture().initial(4));
      model.train(images, TrainingRun.of(plan, 2, 3, 1));

      assertThat(values(model)).isNotEqualTo(first);
    }
  }

  @Test
  void train_onLabelsThatTheImageShows_lowersTheLoss() throws IOException {
    ImageSet images = brightOrDark(64);
    try (LocalModel model = opened(TINY, 4)) {
      List<Double> losses = new ArrayList<>();
      for (int round = 1; round <= 4; round++) {
        TrainingOutcome outcome = model.train(images, TrainingRun.of(plan(8), round, 4, 1));
        losses.add(((TrainingOutcome.Trained) outcome).loss());
      }

      assertThat(losses.getLast()).isLessThan(0.2).isLessThan(losses.getFirst());
      double[] logits = model.predict(images, Preprocessing.of(plan(8)));
      for (int i = 0; i < images.count(); i++) {
        assertThat(logits[i] > 0).isEqualTo(images.label(i) == 1);
      }
    }
  }

  @Test
  void train_withStrongProximalTerm_staysNearItsStart() throws IOException {
    ImageSet images = images(TINY, 64, 1);
    float[] start;
    try (LocalModel model = opened(TINY, 4)) {
      start = values(model);
    }

    double free = distance(start, trained(images, proximal(0), false));
    double pulled = distance(start, trained(images, proximal(100), false));

    assertThat(pulled).isLessThan(free / 2);
  }

  @Test
  void train_parametersNotFinite_isDivergedWithTheStep() throws IOException {
    ImageSet images = images(TINY, 16, 1);
    try (LocalModel model = opened(TINY, 4)) {
      model.storage(0).write(0, new float[] {Float.NaN}, 0, 1);

      TrainingOutcome outcome = model.train(images, TrainingRun.of(plan(8), 2, 3, 1));

      assertThat(outcome).isEqualTo(new TrainingOutcome.Diverged(2, 1, Double.NaN));
    }
  }

  @Test
  void train_stoppedByTheWatch_canTrainAgain() throws IOException {
    ImageSet images = images(TINY, 40, 1);
    float[] undisturbed = trained(images, plan(8), false);
    try (LocalModel model = opened(TINY, 4)) {
      TrainingOutcome stopped =
          model.train(images, TrainingRun.of(plan(8), 1, 3, 1).watched((step, _, _) -> step < 2));
      model.load(model.architecture().initial(4));
      model.train(images, TrainingRun.of(plan(8), 1, 3, 1));

      assertThat(stopped).isEqualTo(new TrainingOutcome.Stopped(2));
      assertThat(values(model)).isEqualTo(undisturbed);
    }
  }

  @Test
  void train_ninetyMoreSteps_keepsNoArray() throws IOException {
    ImageSet images = images(TINY, 80, 1);
    List<Integer> arrays = new ArrayList<>();
    try (LocalModel model = opened(TINY, 4)) {
      TrainingRun.Watch watch =
          (step, _, _) -> {
            if (step % 10 == 0) {
              arrays.add(model.manager().getManagedArrays().size());
            }
            return true;
          };
      Training hundred = plan(8, 10, 0);
      model.train(images, TrainingRun.of(hundred, 1, 1, 1).watched(watch));
    }

    assertThat(arrays).hasSize(10).containsOnly(arrays.getFirst());
  }

  @Test
  void predict_manyImages_isWhatEachGivesAlone() throws IOException {
    ImageSet images = images(TINY, 19, 6);
    try (LocalModel model = opened(TINY, 4)) {
      double[] together = model.predict(images, PLAIN);

      for (int i = 0; i < images.count(); i++) {
        double alone = model.predict(images.subset(new int[] {i}), PLAIN)[0];
        assertThat(together[i]).isCloseTo(alone, within(1e-5));
      }
    }
  }

  @Test
  void read_afterLoad_givesTheSourceBackFromAnyPlace() throws IOException {
    try (LocalModel model = opened(TINY, 4)) {
      int length = (int) model.layout().length();
      float[] expected = new float[length];
      model.architecture().initial(4).read(0, expected, 0, length);
      float[] part = new float[500];

      model.read(length - 500, part, 0, 500);

      assertThat(values(model)).isEqualTo(expected);
      assertThat(part).isEqualTo(Arrays.copyOfRange(expected, length - 500, length));
    }
  }

  @Test
  void load_fromAnotherLayout_isRefused() throws IOException {
    try (LocalModel model = opened(TINY, 4);
        LocalModel other = opened(new ModelSpec("resnet-gn-tiny", 1, 16, 16, 3, 0), 4)) {
      assertThatThrownBy(() -> model.load(other))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("load parameters: the model has 20 tensors");
    }
  }

  @Test
  void train_onTwoReplicasMore_makesTheSameStepsUpToRounding() throws IOException {
    ImageSet images = images(TINY, 21, 6);
    Training plan = plan(5);
    float[] alone = trained(images, plan, false);
    try (LocalModel model = opened(TINY, 4)) {
      model.trainAlsoOn(List.of(EngineSettings.reproducible(), EngineSettings.reproducible()));
      List<Integer> parts = new ArrayList<>();
      TrainingRun run = TrainingRun.of(plan, 1, 3, 1);

      TrainingOutcome outcome =
          model.train(on -> new Counting(on.objective(images, run), parts), run);

      assertThat(outcome).isInstanceOf(TrainingOutcome.Trained.class);
      // Six examples in steps of five and one: 2, 2, 1 and 1.
      assertThat(parts).hasSizeGreaterThan(3).allMatch(size -> size <= 2);
      float[] together = values(model);
      float[] before = new float[alone.length];
      model.architecture().initial(4).read(0, before, 0, before.length);
      // Adam divides by the gradient's size, so a small one's rounding is no longer small: the
      // whole counts, not each coordinate.
      assertThat(distance(together, alone)).isLessThan(distance(alone, before) / 100);
    }
  }

  /** Notes how many examples each pass has. */
  private record Counting(Objective inner, List<Integer> parts) implements Objective {
    @Override
    public int count() {
      return inner.count();
    }

    @Override
    public boolean divisible() {
      return inner.divisible();
    }

    @Override
    public double pass(NDManager scope, Draw draw, Backward back) {
      parts.add(draw.places().length);
      return inner.pass(scope, draw, back);
    }

    @Override
    public NDArray blank(NDManager scope) {
      return inner.blank(scope);
    }
  }

  @Test
  void settings_thatNameADeviceTwiceOrMixKinds_areRefused() {
    assertThatThrownBy(() -> new EngineSettings(1, "cuda:1,cuda:1"))
        .hasMessage("engine device names one twice: cuda:1,cuda:1");
    assertThatThrownBy(() -> new EngineSettings(1, "cuda:1,cuda:01"))
        .hasMessageContaining("must be auto, cpu");
    assertThatThrownBy(() -> new EngineSettings(1, "cpu,cuda:1"))
        .hasMessageContaining("must be auto, cpu, cuda:N or cuda:N,cuda:M");
    assertThat(new EngineSettings(2, "cuda:1,cuda:3").each())
        .containsExactly(new EngineSettings(2, "cuda:1"), new EngineSettings(2, "cuda:3"));
  }

  @Test
  void open_cudaOnAMachineWithout_saysHowManyDevicesThereAre() {
    assertThatThrownBy(() -> LocalModel.open(TINY, new EngineSettings(1, "cuda:7")))
        .isInstanceOf(EngineUnavailable.class)
        .hasMessageMatching("open model on cuda:7: the engine sees \\d CUDA device\\(s\\)");
  }

  @Test
  void predict_imagesOfAnotherSize_isRefused() throws IOException {
    ImageSet images = images(new ModelSpec("resnet-gn-tiny", 1, 20, 16, 1, 0), 1, 1);
    try (LocalModel model = opened(TINY, 4)) {
      assertThatThrownBy(() -> model.predict(images, PLAIN))
          .hasMessage("model takes images of 1x16x16, got 1x20x16");
    }
  }

  private static Trainer trainer(LocalModel model, ImageSet images, int batch, int at)
      throws IOException {
    TrainingRun run = TrainingRun.of(plan(batch), 1, 1, 3);
    return new Trainer(
        model, model.objective(images, run), run, Replicas.none(), new MicroBatch(at));
  }

  private static LocalModel opened(ModelSpec spec, long seed) throws IOException {
    LocalModel model = LocalModel.open(spec, EngineSettings.reproducible());
    model.load(model.architecture().initial(seed));
    return model;
  }

  private static float[] trained(ImageSet images, Training plan, boolean copying)
      throws IOException {
    try (LocalModel model = LocalModel.open(FULL, EngineSettings.reproducible(), copying)) {
      model.load(model.architecture().initial(4));
      TrainingOutcome outcome = model.train(images, TrainingRun.of(plan, 1, 3, 1));
      assertThat(outcome).isInstanceOf(TrainingOutcome.Trained.class);
      return values(model);
    }
  }

  private static float[] values(LocalModel model) {
    float[] values = new float[(int) model.layout().length()];
    model.read(0, values, 0, values.length);
    return values;
  }

  private static Training plan(int batch) {
    return plan(batch, 1, 0);
  }

  private static Training proximal(double mu) {
    return plan(8, 3, mu);
  }

  private static Training plan(int batch, int epochs, double mu) {
    return new Training(
        epochs,
        0,
        batch,
        new Training.Optimiser("adamw", 2e-3, 0.05, 0, 0, 1),
        new Training.Schedule(1, 0, false, 0),
        mu,
        new Training.Input("none", "fixed", 0.5, 0.25),
        Training.Personal.NONE,
        false);
  }

  private static ImageSet images(ModelSpec spec, int count, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    byte[] pixels = new byte[count * spec.channels() * spec.height() * spec.width()];
    random.nextBytes(pixels);
    int[] labels = IntStream.range(0, count).map(i -> i % 2).toArray();
    return new ImageSet(spec.channels(), spec.height(), spec.width(), pixels, labels);
  }

  private static ImageSet brightOrDark(int count) {
    ImageSet noise = images(TINY, count, 3);
    byte[] pixels = new byte[count * noise.imageLength()];
    for (int i = 0; i < count; i++) {
      for (int at = 0; at < noise.imageLength(); at++) {
        boolean spot = noise.label(i) == 1 && at / 16 < 8 && at % 16 < 8;
        pixels[i * noise.imageLength() + at] = (byte) (noise.pixel(i, at) / 4 + (spot ? 150 : 0));
      }
    }
    return new ImageSet(1, 16, 16, pixels, noise.labels());
  }

  private static double[][][] planes(ImageSet images, int index) {
    double[][][] planes = new double[images.channels()][images.height()][images.width()];
    int at = 0;
    for (double[][] plane : planes) {
      for (double[] row : plane) {
        for (int x = 0; x < row.length; x++) {
          row[x] = (images.pixel(index, at++) / 255.0 - 0.5) / 0.25;
        }
      }
    }
    return planes;
  }

  private static double meanLoss(ScalarResNet oracle, ImageSet images) {
    double sum = 0;
    for (int i = 0; i < images.count(); i++) {
      double logit = oracle.logits(planes(images, i))[0];
      double towards = images.label(i) == 1 ? logit : -logit;
      sum += Math.log1p(Math.exp(-towards));
    }
    return sum / images.count();
  }

  private static double distance(float[] one, float[] other) {
    double squares = 0;
    for (int i = 0; i < one.length; i++) {
      squares += Math.pow(one[i] - other[i], 2);
    }
    return Math.sqrt(squares);
  }
}
