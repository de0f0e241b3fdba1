package org.consilium.models.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.consilium.models.catalog.Catalogue;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.Patients;
import org.consilium.models.tune.Start;
import org.consilium.models.tune.TrainedSet;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelSpec;
import org.consilium.protocol.StudyPlan.Tuning;
import org.consilium.protocol.StudyPlan.Tuning.Local;
import org.consilium.protocol.StudyPlan.Tuning.Regime;
import org.consilium.protocol.Training;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Seeds stand in for the cryptographic draws of earnest, so that each case repeats. */
final class PatientTrainingTest {
  private static final ModelSpec SMALL = new ModelSpec("vit-test", 1, 16, 16, 1, 0);
  private static final Tuning PROBE = new Tuning(Regime.PROBE, 0, 0, 0, Local.NOTHING);
  private static final Tuning ADAPTERS = new Tuning(Regime.FFA_LORA, 0, 4, 8, Local.NOTHING);
  private static final double NO_CLIP = 1e30;
  private static final int COUNT = 24;
  private static final PatientNoise.Account ENOUGH = _ -> true;

  @Test
  void train_everybodyWithoutClipOrNoise_isThePlainStep() throws IOException {
    for (Tuning tuning : List.of(Tuning.FULL, PROBE, ADAPTERS)) {
      float[] plain = trained(tuning, Optional.empty());

      float[] hidden = trained(tuning, Optional.of(noise(0, NO_CLIP, 1, 1, each(), 1)));

      assertThat(hidden).as("%s", tuning.regime()).containsExactly(plain, within(2e-6f));
    }
  }

  /** Two images a patient: the mean of their gradients is one example, so half as many examples. */
  @Test
  void train_severalImagesOfAPatient_areOneExample() throws IOException {
    float[] plain = trained(Tuning.FULL, Optional.empty());

    float[] hidden = trained(Tuning.FULL, Optional.of(noise(0, NO_CLIP, 1, 1, pairs(), 1)));

    assertThat(hidden).containsExactly(plain, within(2e-6f));
  }

  @Test
  void sum_withoutAnyOnePatient_changesByAtMostTheClip() throws IOException {
    double clip = 0.05; // smaller than every patient's gradient, so that the bound is reached
    Patients all = pairs();
    try (LocalModel model = opened(Tuning.FULL)) {
      double[] whole = clippedSum(model, all, clip);
      for (int patient = 0; patient < all.count(); patient++) {
        double[] without = clippedSum(model, all.without(patient), clip);

        double distance = distance(whole, without);
        assertThat(distance).as("patient %d", patient).isBetween(clip * 0.999, clip * 1.000001);
      }
    }
  }

  /** The limits are five standard deviations of a binomial count. */
  @Test
  void drawn_manySteps_areIndependentAtTheRate() {
    double rate = 0.05;
    int patients = 40;
    int steps = 20_000;
    SplittableRandom chance = new SplittableRandom(3);
    int[] times = new int[patients];
    int nobody = 0;
    int bothOfTwo = 0;
    double squares = 0;
    for (int step = 0; step < steps; step++) {
      List<Integer> drawn = PatientTraining.drawn(patients, rate, chance);
      drawn.forEach(p -> times[p]++);
      nobody += drawn.isEmpty() ? 1 : 0;
      bothOfTwo += drawn.contains(0) && drawn.contains(1) ? 1 : 0;
      squares += Math.pow(drawn.size() - patients * rate, 2);
    }

    for (int count : times) {
      assertThat((double) count).isCloseTo(1000, within(5 * Math.sqrt(950)));
    }
    double empty = Math.pow(1 - rate, patients); // 0.1285
    assertThat(nobody / (double) steps).isCloseTo(empty, within(0.012));
    assertThat(bothOfTwo / (double) steps).isCloseTo(rate * rate, within(0.0018));
    assertThat(squares / steps).isCloseTo(patients * rate * (1 - rate), within(0.1));
  }

  /** Steps that nobody is in are noise alone: its moments are those of a Gaussian. */
  @Test
  void train_stepsWithNobody_areNoiseOfTheDeviationAsked() throws IOException {
    double sigma = 2;
    double clip = 0.5;
    double rate = 1e-9; // nobody
    try (LocalModel model = opened(Tuning.FULL)) {
      float[] before = values(model);
      TrainingOutcome outcome =
          model.train(
              brightOrDark(),
              TrainingRun.of(descent(1), 1, 1, 5)
                  .hiding(Optional.of(noise(sigma, clip, rate, 1, each(), 9))));
      float[] after = values(model);

      assertThat(outcome).isInstanceOf(TrainingOutcome.Trained.class);
      double deviation = sigma * clip / (rate * COUNT);
      double mean = 0;
      double square = 0;
      double fourth = 0;
      for (int i = 0; i < before.length; i++) {
        double z = (before[i] - after[i]) / deviation;
        mean += z / before.length;
        square += z * z / before.length;
        fourth += z * z * z * z / before.length;
      }
      // five standard errors of the mean, of the variance and of the fourth moment
      double error = 5 / Math.sqrt(before.length);
      assertThat(mean).isCloseTo(0, within(error));
      assertThat(square).isCloseTo(1, within(error * Math.sqrt(2)));
      assertThat(fourth).isCloseTo(3, within(error * Math.sqrt(96)));
    }
  }

  @Test
  void train_mildNoise_stillLearns() throws IOException {
    for (Tuning tuning : List.of(PROBE, ADAPTERS)) {
      try (LocalModel model = opened(tuning)) {
        List<Double> losses = new ArrayList<>();
        for (int round = 1; round <= 6; round++) {
          TrainingRun run =
              TrainingRun.of(descent(0.5), round, 6, 5)
                  .hiding(Optional.of(noise(0.5, 1, 0.5, 10, each(), round)));
          losses.add(((TrainingOutcome.Trained) model.train(brightOrDark(), run)).loss());
        }
        assertThat(losses.getLast())
            .as("%s %s", tuning.regime(), losses)
            .isLessThan(losses.getFirst());
      }
    }
  }

  @Test
  void train_accountThatStopsPaying_endsBeforeTheStep() throws IOException {
    int most = PatientTraining.PAID_STEPS;
    List<Integer> paid = new ArrayList<>();
    PatientNoise.Account account =
        steps -> {
          paid.add(steps);
          return paid.size() < 2;
        };
    PatientNoise noise =
        new PatientNoise(
            new PatientNoise.Terms(1, 1, 0.1, most + 5), each(), new SplittableRandom(1), account);
    try (LocalModel model = opened(PROBE)) {
      TrainingOutcome outcome =
          model.train(
              brightOrDark(), TrainingRun.of(descent(1), 1, 1, 5).hiding(Optional.of(noise)));

      assertThat(outcome).isEqualTo(new TrainingOutcome.Unpaid(most));
      assertThat(paid).containsExactly(most, 5);
    }
  }

  /** Seven steps of 40 were made when it died; 32 were paid for, and how many were made is lost. */
  @Test
  void train_afterADeath_goesOnAndPaysForEveryStepThatItMakes(@TempDir Path folder)
      throws IOException {
    int steps = PatientTraining.PAID_STEPS + 8;
    int dies = 7;
    List<Integer> paid = new ArrayList<>();
    List<Integer> made = new ArrayList<>();
    for (int life = 0; life < 2; life++) {
      int last = life == 0 ? dies : steps;
      PatientNoise noise =
          new PatientNoise(
              new PatientNoise.Terms(1, 1, 0.1, steps),
              each(),
              new SplittableRandom(life),
              more -> paid.add(more));
      TrainingRun run =
          TrainingRun.of(descent(1), 1, 1, 5)
              .hiding(Optional.of(noise))
              .watched(
                  (step, _, _) -> {
                    made.add(step);
                    return step < last;
                  });
      try (LocalModel model = opened(PROBE)) {
        model.keepProgress(
            new Progress(
                folder.resolve("progress.bin"),
                Digest.sha256(new byte[0]),
                InstantSource.fixed(Instant.EPOCH),
                Duration.ZERO,
                _ -> {}));
        assertThat(model.train(brightOrDark(), run)).isNotInstanceOf(TrainingOutcome.Unpaid.class);
      }
    }

    assertThat(made).containsExactlyElementsOf(IntStream.rangeClosed(1, steps).boxed().toList());
    assertThat(paid).containsExactly(PatientTraining.PAID_STEPS, PatientTraining.PAID_STEPS, 1);
    assertThat(paid.stream().mapToInt(p -> p).sum()).isGreaterThanOrEqualTo(made.size());
  }

  @Test
  void train_patientsOfOtherImages_isRefused() throws IOException {
    TrainingRun run =
        TrainingRun.of(descent(1), 1, 1, 5)
            .hiding(Optional.of(noise(1, 1, 0.1, 1, Patients.untold(COUNT + 1), 1)));
    try (LocalModel model = opened(PROBE)) {
      assertThatThrownBy(() -> model.train(brightOrDark(), run))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("patients of 25 images, 24 images");
    }
  }

  /** Parameters after one step of plain descent over all images. */
  private static float[] trained(Tuning tuning, Optional<PatientNoise> noise) throws IOException {
    try (LocalModel model = opened(tuning)) {
      TrainingRun run = TrainingRun.of(descent(0.1), 1, 1, 5).hiding(noise);
      assertThat(model.train(brightOrDark(), run)).isInstanceOf(TrainingOutcome.Trained.class);
      return values(model);
    }
  }

  private static double[] clippedSum(LocalModel model, Patients patients, double clip)
      throws IOException {
    TrainingRun run = TrainingRun.of(descent(1), 1, 1, 5);
    Objective objective = Objective.of(model, brightOrDark(), run);
    try (Trainer trainer = new Trainer(model, objective, run, Replicas.none())) {
      GradientSum sum = new GradientSum(trainer.parts().tensors());
      for (int patient = 0; patient < patients.count(); patient++) {
        double _ = trainer.gradientOf(patients.imagesOf(patient), 0);
        assertThat(sum.addClipped(clip)).isGreaterThan(clip);
        trainer.parts().optimiser().dropGradients();
      }
      return sum.values();
    }
  }

  private static double distance(double[] one, double[] other) {
    double squares = 0;
    for (int i = 0; i < one.length; i++) {
      squares += (one[i] - other[i]) * (one[i] - other[i]);
    }
    return Math.sqrt(squares);
  }

  private static PatientNoise noise(
      double sigma, double clip, double rate, int steps, Patients patients, long seed) {
    RandomGenerator chance = new SplittableRandom(seed);
    return new PatientNoise(
        new PatientNoise.Terms(sigma, clip, rate, steps), patients, chance, ENOUGH);
  }

  private static Patients each() {
    return Patients.untold(COUNT);
  }

  /** Images i and i + 12 are of one patient. */
  private static Patients pairs() {
    List<String> owners = new ArrayList<>();
    for (int i = 0; i < COUNT; i++) {
      owners.add("patient " + i % (COUNT / 2));
    }
    return Patients.of(owners, true);
  }

  private static Training descent(double rate) {
    return new Training(
        1,
        0,
        COUNT,
        new Training.Optimiser("sgd", rate, 0, 0, 0, 1),
        new Training.Schedule(1, 0, false, 0),
        0,
        new Training.Input("none", "fixed", 0.5, 0.25),
        Training.Personal.NONE,
        false);
  }

  private static LocalModel opened(Tuning tuning) throws IOException {
    TrainedSet set = TrainedSet.of(Catalogue.require(SMALL), tuning);
    LocalModel model = LocalModel.open(set, EngineSettings.reproducible());
    model.load(Start.seeded(set, 4));
    return model;
  }

  private static float[] values(LocalModel model) {
    float[] values = new float[(int) model.layout().length()];
    model.read(0, values, 0, values.length);
    return values;
  }

  /** Grey noise around a brightness that is the class. */
  private static ImageSet brightOrDark() {
    SplittableRandom random = new SplittableRandom(11);
    byte[] pixels = new byte[COUNT * 256];
    int[] labels = new int[COUNT];
    for (int i = 0; i < COUNT; i++) {
      labels[i] = i % 2;
      for (int p = 0; p < 256; p++) {
        pixels[i * 256 + p] = (byte) (60 + 90 * labels[i] + random.nextInt(60));
      }
    }
    return new ImageSet(1, 16, 16, pixels, labels);
  }
}
