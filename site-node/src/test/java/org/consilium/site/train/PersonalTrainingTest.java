package org.consilium.site.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import org.consilium.models.catalog.Catalogue;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.NpzWriter;
import org.consilium.models.data.Split;
import org.consilium.models.engine.EngineSettings;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.models.params.SafetensorsWriter;
import org.consilium.protocol.Aggregation;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelSpec;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.Training;
import org.consilium.protocol.Training.Personal;
import org.consilium.site.cohort.CohortSource;
import org.consilium.site.cohort.CohortSpec;
import org.consilium.site.protect.Consortium;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One step of plain gradient descent a round, so that each model can be worked out by hand. */
final class PersonalTrainingTest {
  private static final double RATE = 0.1;
  private static final double LAMBDA = 0.5;
  private static final Personal DITTO = new Personal("ditto", LAMBDA, 0, 0);
  private static final int ROUNDS = 3;

  @TempDir Path folder;
  private final EngineTrainer trainer =
      new EngineTrainer(EngineSettings.reproducible(), InstantSource.fixed(Instant.EPOCH));
  private CohortSource cohort = unopened();

  @BeforeEach
  void cases() throws IOException {
    byte[] pixels = new byte[8 * 256];
    int[] labels = new int[8];
    for (int i = 0; i < pixels.length; i++) {
      labels[i / 256] = i / 256 % 2;
      pixels[i] = (byte) (40 * (i / 256) + i % 7 * (1 + 2 * labels[i / 256]));
    }
    ImageSet images = new ImageSet(1, 16, 16, pixels, labels);
    Path file = folder.resolve("cases.npz");
    NpzWriter.write(file, Map.of(Split.TRAIN, images, Split.VALIDATION, images));
    cohort = new CohortSpec(file.toString(), Optional.empty()).open();
  }

  /**
   * v₀ = w₀ is the start; the local-only model makes the same step without the pull, so it is v₀ −
   * η∇F(v₀), and Ditto's is that − ηλ(v₀ − w).
   */
  @Test
  void ditto_firstRound_isThePlainStepAndThePullTowardsTheRoundsBase() throws IOException {
    TrainingJob job = job(DITTO, 1, shifted(0.25f));

    train(job);

    float[] start = values(Catalogue.require(job.plan().model()).initial(job.plan().seed()));
    float[] base = values(job.base());
    float[] alone = values(SiteModel.alone(job.studyFolder()).path());
    float[] personal = values(SiteModel.personal(job.studyFolder()).path());
    assertThat(alone).isNotEqualTo(start);
    for (int i = 0; i < start.length; i++) {
      double expected = alone[i] - RATE * LAMBDA * (start[i] - base[i]);
      assertThat(personal[i]).isCloseTo((float) expected, within(1e-5f));
    }
  }

  @Test
  void ditto_startedAgain_goesOnWhereItWasAndTrainsNoRoundTwice() throws IOException {
    Path base = shifted(0.25f);
    train(job(DITTO, 1, base));
    TrainingJob first = job(DITTO, 1, base);
    Path file = SiteModel.personal(first.studyFolder()).path();
    byte[] before = Files.readAllBytes(file);

    boolean done =
        new EngineTrainer(EngineSettings.reproducible(), InstantSource.fixed(Instant.EPOCH))
            .trainPersonal(first, (_, _, _) -> true);

    assertThat(done).isTrue();
    assertThat(Files.readAllBytes(file)).isEqualTo(before);
    train(job(DITTO, 2, base));
    assertThat(SiteModel.personal(first.studyFolder()).round()).isEqualTo(2);
  }

  @Test
  void ditto_stopped_isMadeUpForFromTheBaseThatWasKept() throws IOException {
    Path base = shifted(0.25f);
    TrainingJob job = job(DITTO, 1, base);
    try (TrainingResult.Trained _ =
        (TrainingResult.Trained) trainer.train(job, (_, _, _) -> true)) {
      assertThat(trainer.trainPersonal(job, (_, _, _) -> false)).isFalse();
    }
    assertThat(SiteModel.personal(job.studyFolder()).round()).isZero();

    // A validation task has another file: the version that the round made.
    assertThat(trainer.trainPersonal(job(DITTO, 1, shifted(9)), (_, _, _) -> true)).isTrue();

    byte[] late = Files.readAllBytes(SiteModel.personal(job.studyFolder()).path());
    Files.delete(SiteModel.personal(job.studyFolder()).path());
    train(job);
    assertThat(Files.readAllBytes(SiteModel.personal(job.studyFolder()).path())).isEqualTo(late);
  }

  /** One step from the version w: w − η′∇F(w), so that twice the rate moves twice as far. */
  @Test
  void tuneAfter_lastRound_stepsFromTheLastVersion() throws IOException {
    Path version = shifted(0.25f);
    float[] near = tuned(version, 0.02, "near");
    float[] far = tuned(version, 0.04, "far");
    float[] base = values(version);

    assertThat(near).isNotEqualTo(base);
    for (int i = 0; i < base.length; i++) {
      assertThat(far[i] - base[i]).isCloseTo(2 * (near[i] - base[i]), within(2e-6f));
    }
  }

  @Test
  void tuneAfter_beforeTheLastRound_doesNothing() throws IOException {
    TrainingJob job = job(new Personal("tune-after", 0, 1, 0), ROUNDS - 1, shifted(1));

    assertThat(trainer.trainPersonal(job, (_, _, _) -> true)).isTrue();

    assertThat(SiteModel.personal(job.studyFolder()).path()).doesNotExist();
  }

  @Test
  void tuneAfter_aloneToo_hasMadeAsManySteps() throws IOException {
    int[] steps = new int[1];
    TrainingJob job = job(new Personal("tune-after", 0, 5, 0), ROUNDS, shifted(1));

    trainer.trainAlone(job, (_, _, _) -> ++steps[0] > 0);

    assertThat(steps[0]).isEqualTo(ROUNDS + 5);
  }

  private float[] tuned(Path version, double rate, String name) throws IOException {
    TrainingJob job = job(new Personal("tune-after", 0, 1, rate), ROUNDS, version, name);
    assertThat(trainer.trainPersonal(job, (_, _, _) -> true)).isTrue();
    return values(SiteModel.personal(job.studyFolder()).path());
  }

  private void train(TrainingJob job) throws IOException {
    try (TrainingResult.Trained _ =
        (TrainingResult.Trained) trainer.train(job, (_, _, _) -> true)) {
      assertThat(trainer.trainPersonal(job, (_, _, _) -> true)).isTrue();
      assertThat(trainer.trainAlone(job, (_, _, _) -> true)).isTrue();
    }
  }

  private TrainingJob job(Personal personal, int round, Path base) throws IOException {
    return job(personal, round, base, "study");
  }

  private TrainingJob job(Personal personal, int round, Path base, String study)
      throws IOException {
    StudyPlan plan = plan(personal);
    return new TrainingJob(
        plan,
        new SiteId("site-a"),
        round,
        base,
        Optional.empty(),
        Catalogue.require(plan.model()).layout().digest(),
        cohort,
        folder.resolve(study),
        8);
  }

  private static StudyPlan plan(Personal personal) {
    StudyPlan plan = Consortium.plan(Aggregation.FEDAVG);
    Training training =
        new Training(
            1,
            1,
            8,
            new Training.Optimiser("sgd", RATE, 0, 0, 0, 1),
            new Training.Schedule(1, 0, false, 0),
            0,
            new Training.Input("none", "fixed", 0.5, 0.25),
            personal,
            true);
    return new StudyPlan(
        plan.study(),
        plan.title(),
        new ModelSpec("vit-test", 1, 16, 16, 1, 0),
        Optional.empty(),
        plan.task(),
        plan.tuning(),
        training,
        plan.aggregation(),
        plan.protection(),
        plan.participation(),
        plan.monitoring(),
        plan.labels(),
        plan.select(),
        plan.seed(),
        ROUNDS);
  }

  /** The study's start with {@code by} added everywhere. */
  private Path shifted(float by) throws IOException {
    ParameterSource start = Catalogue.require(plan(DITTO).model()).initial(7);
    float[] values = values(start);
    for (int i = 0; i < values.length; i++) {
      values[i] += by;
    }
    Path file = folder.resolve("base-" + by + ".safetensors");
    Digest _ = SafetensorsWriter.save(file, ParameterSource.of(start.layout(), values), Map.of());
    return file;
  }

  private static float[] values(Path file) throws IOException {
    try (SafetensorsFile parameters = SafetensorsFile.open(file)) {
      return values(parameters);
    }
  }

  private static float[] values(ParameterSource source) throws IOException {
    float[] values = new float[(int) source.layout().length()];
    source.read(0, values, 0, values.length);
    return values;
  }

  private static CohortSource unopened() {
    try {
      return new CohortSpec("synthetic:1", Optional.empty()).open();
    } catch (IOException impossible) {
      throw new IllegalStateException(impossible);
    }
  }
}
