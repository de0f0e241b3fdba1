package org.consilium.site.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.NpzWriter;
import org.consilium.models.data.Split;
import org.consilium.models.engine.EngineSettings;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.SafetensorsWriter;
import org.consilium.models.tune.Start;
import org.consilium.models.tune.TrainedSet;
import org.consilium.protocol.Aggregation;
import org.consilium.protocol.Aggregation.Rule;
import org.consilium.protocol.Aggregation.Weighting;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelSpec;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.StudyPlan.Task;
import org.consilium.protocol.StudyPlan.Tuning;
import org.consilium.protocol.StudyPlan.Tuning.Local;
import org.consilium.protocol.StudyPlan.Tuning.Regime;
import org.consilium.protocol.Training;
import org.consilium.site.cohort.CohortSpec;
import org.consilium.site.policy.Why;
import org.consilium.site.protect.Consortium;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A site's rounds of contrastive and of image-text studies. */
final class PairTasksTest {
  /** So small that training leaves the parameters where the round began. */
  private static final double STANDSTILL = 1e-12;

  private static final int CASES = 20;

  @TempDir Path folder;
  private final EngineTrainer trainer =
      new EngineTrainer(EngineSettings.reproducible(), InstantSource.fixed(Instant.EPOCH));

  /**
   * Let w₁ = x everywhere. Round 2 is sent x + .25: μ = .7, the site begins at x + .075, .175 below
   * what it was sent. Round 3 is sent x + .125, a fifth as far away: μ = .14, .007 below.
   */
  @Test
  void train_fedema_beginsBetweenTheGlobalAndItsOwn() throws IOException {
    StudyPlan plan = plan("simclr-vit-test", new Task(Task.Type.CONTRASTIVE, "none"), STANDSTILL);

    assertThat(delta(plan, 1, 0)).allSatisfy(d -> assertThat(d).isCloseTo(0f, within(1e-6f)));
    assertThat(delta(plan, 2, .25f))
        .allSatisfy(d -> assertThat(d).isCloseTo(-.175f, within(1e-5f)));
    assertThat(delta(plan, 3, .125f))
        .allSatisfy(d -> assertThat(d).isCloseTo(-.007f, within(1e-5f)));
    // Asked again after a crash: the same.
    assertThat(delta(plan, 3, .125f))
        .allSatisfy(d -> assertThat(d).isCloseTo(-.007f, within(1e-5f)));
  }

  @Test
  void train_contrastive_keepsTheProjectorHere() throws IOException {
    StudyPlan plan = plan("simclr-vit-test", new Task(Task.Type.CONTRASTIVE, "none"), 1e-2);
    TrainedSet set = new StudyModel(plan, Optional.empty(), folder).set();

    List<Float> sent = delta(plan, 1, 0);

    assertThat(set.shared().tensors()).noneMatch(t -> t.name().startsWith("projector."));
    assertThat(set.local().orElseThrow().tensors()).hasSize(4);
    assertThat(sent).hasSize((int) set.shared().length()).anyMatch(d -> d != 0);
    assertThat(folder.resolve("study/own-part-00001.safetensors")).exists();
    assertThat(folder.resolve("study/own-course-00001.safetensors")).exists();
  }

  @Test
  void train_imageText_answersWithZeroShotLogits() throws IOException {
    StudyPlan plan = plan("clip-vit-test", new Task(Task.Type.IMAGE_TEXT, "soft"), 1e-3);
    TrainingJob job = job(plan, 1, 0, true);

    TrainingResult result = trainer.train(job, (_, _, _) -> true);

    try (TrainingResult.Trained trained = (TrainingResult.Trained) result) {
      assertThat(trained.holdoutLogits().orElseThrow()).hasSize(CASES);
    }
    assertThat(job.lesson().texts(Split.TRAIN).texts().get(1)).isEqualTo("bright lesion");
  }

  @Test
  void train_imageTextWithoutTexts_isRefusedAsBadData() throws IOException {
    StudyPlan plan = plan("clip-vit-test", new Task(Task.Type.IMAGE_TEXT, "soft"), 1e-3);

    TrainingResult result = trainer.train(job(plan, 1, 0, false), (_, _, _) -> true);

    assertThat(result)
        .isEqualTo(
            new TrainingResult.Failed(
                Why.BAD_DATA, "the study needs a text an image, these cases have none"));
  }

  @Test
  void plan_withASmallBatch_isRefused() {
    assertThatThrownBy(() -> plan(8)).hasMessageContaining("batchSize must be at least 16");
  }

  private List<Float> delta(StudyPlan plan, int round, float by) throws IOException {
    TrainingResult result = trainer.train(job(plan, round, by, false), (_, _, _) -> true);
    try (TrainingResult.Trained trained = (TrainingResult.Trained) result) {
      assertThat(trained.holdoutLogits()).isEmpty();
      float[] delta = new float[(int) trained.delta().layout().length()];
      trained.delta().read(0, delta, 0, delta.length);
      return IntStream.range(0, delta.length).mapToObj(i -> delta[i]).toList();
    }
  }

  private TrainingJob job(StudyPlan plan, int round, float by, boolean texts) throws IOException {
    TrainedSet set = new StudyModel(plan, Optional.empty(), folder).set();
    ParameterSource start = set.shared(Start.seeded(set, plan.seed()));
    float[] values = new float[(int) start.layout().length()];
    start.read(0, values, 0, values.length);
    for (int i = 0; i < values.length; i++) {
      values[i] += by;
    }
    Path base = folder.resolve("base-" + by + ".safetensors");
    Digest _ = SafetensorsWriter.save(base, ParameterSource.of(start.layout(), values), Map.of());
    return new TrainingJob(
        plan,
        new SiteId("site-a"),
        round,
        base,
        Optional.empty(),
        start.layout().digest(),
        new CohortSpec(cases(texts).toString(), Optional.empty()).open(),
        folder.resolve("study"),
        CASES);
  }

  private Path cases(boolean texts) throws IOException {
    int[] labels = IntStream.range(0, CASES).map(i -> i % 2).toArray();
    byte[] pixels = new byte[CASES * 256];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (byte) (7 * (i / 256) + i % 11 * (1 + labels[i / 256]));
    }
    ImageSet images = new ImageSet(1, 16, 16, pixels, labels);
    List<String> said =
        IntStream.range(0, CASES)
            .mapToObj(i -> i % 2 == 1 ? "bright lesion" : "no lesion")
            .toList();
    Path file = folder.resolve("cases-" + texts + ".npz");
    Map<Split, ImageSet> splits = Map.of(Split.TRAIN, images, Split.VALIDATION, images);
    NpzWriter.write(file, splits, texts ? Map.of(Split.TRAIN, said) : Collections.emptyMap());
    return file;
  }

  private static StudyPlan plan(int batch) {
    return plan("simclr-vit-test", new Task(Task.Type.CONTRASTIVE, "none"), 1e-3, batch);
  }

  private static StudyPlan plan(String architecture, Task task, double rate) {
    return plan(architecture, task, rate, 64);
  }

  private static StudyPlan plan(String architecture, Task task, double rate, int batch) {
    boolean views = task.type() == Task.Type.CONTRASTIVE;
    Aggregation fedEma = new Aggregation(Rule.FEDEMA, 1, 0, 0, 0.7, 0, Weighting.SAMPLES);
    Aggregation fedDgGa = new Aggregation(Rule.FEDDG_GA, 1, 0, 0, 0, 0.2, Weighting.SAMPLES);
    StudyPlan plan = Consortium.plan(views ? fedEma : fedDgGa);
    Training training =
        new Training(
            1,
            1,
            batch,
            new Training.Optimiser("sgd", rate, 0, 0, 1, 1),
            new Training.Schedule(1, 0, false, 0),
            0,
            new Training.Input("weak", "fixed", 0.5, 0.25),
            Training.Personal.NONE,
            false);
    return new StudyPlan(
        plan.study(),
        plan.title(),
        new ModelSpec(architecture, 1, 16, 16, 1, 0),
        Optional.empty(),
        task,
        new Tuning(Regime.FULL, 0, 0, 0, views ? Local.HEAD : Local.NOTHING),
        training,
        plan.aggregation(),
        plan.protection(),
        plan.participation(),
        plan.monitoring(),
        plan.labels(),
        views ? "loss" : "auroc",
        plan.seed(),
        3);
  }
}
