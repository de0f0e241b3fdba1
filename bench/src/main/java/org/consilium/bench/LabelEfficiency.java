package org.consilium.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.consilium.models.catalog.Catalogue;
import org.consilium.models.data.ImageSet;
import org.consilium.models.engine.EngineSettings;
import org.consilium.models.engine.LocalModel;
import org.consilium.models.engine.Preprocessing;
import org.consilium.models.engine.TrainingOutcome;
import org.consilium.models.engine.TrainingRun;
import org.consilium.models.metrics.Auroc;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.models.params.SafetensorsWriter;
import org.consilium.models.tune.Start;
import org.consilium.models.tune.TrainedSet;
import org.consilium.protocol.ModelSpec;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.Training;

/**
 * What a pre-training without labels is worth when few images have one: the same network, settings
 * and subsets from random values and from a masked autoencoder that saw all training images, judged
 * on the validation images. Subsets are stratified, and a smaller one is part of the larger.
 */
final class LabelEfficiency {
  private static final String ARCHITECTURE = "vit-mini-7-avg";
  private static final String PRE_TRAINING = "mae-vit-mini-7";
  private static final int PRE_TRAINING_BATCH = 128;
  private static final long PRE_TRAINING_SEED = 1;

  /** Parts of the labels and passes over them; few labels are seen more often. */
  private static final List<Fraction> FRACTIONS =
      List.of(
          new Fraction(0.01, 40),
          new Fraction(0.05, 25),
          new Fraction(0.1, 20),
          new Fraction(1, 8));

  private record Fraction(double part, int epochs) {}

  /**
   * One fine-tuning.
   *
   * @param part of the labels
   * @param labels number of them
   * @param auroc on the validation images
   */
  record Result(double part, int labels, long seed, boolean preTrained, double auroc) {}

  private final ImageSet train;
  private final ImageSet validation;
  private final Consumer<String> say;

  LabelEfficiency(ImageSet train, ImageSet validation, Consumer<String> say) {
    this.train = train;
    this.validation = validation;
    this.say = say;
  }

  /** Pre-trains into {@code file}; returns the loss of the last pass. */
  double preTrain(int steps, Path file) throws IOException {
    try (LocalModel model = LocalModel.open(spec(PRE_TRAINING), EngineSettings.reproducible())) {
      model.load(model.architecture().initial(PRE_TRAINING_SEED));
      Training training = training(1, steps, PRE_TRAINING_BATCH, 2e-3, 0.05);
      StudyPlan.Task masked = new StudyPlan.Task(StudyPlan.Task.Type.MASKED, "none");
      TrainingRun run = TrainingRun.of(training, 1, 1, PRE_TRAINING_SEED).asking(masked);
      double loss = trained(model.train(train, run)).loss();
      var _ = SafetensorsWriter.save(file, Start.withoutOwn(model), Map.of());
      return loss;
    }
  }

  /** Fine-tunes for every part of the labels, seed and start. */
  List<Result> run(int seeds, Path preTrained) throws IOException {
    List<Result> results = new ArrayList<>();
    for (Fraction fraction : FRACTIONS) {
      for (long seed = 1; seed <= seeds; seed++) {
        ImageSet some = train.subset(subset(fraction.part, seed));
        for (boolean helped : new boolean[] {false, true}) {
          double auroc = fineTune(some, fraction.epochs, seed, helped, preTrained);
          results.add(new Result(fraction.part, some.count(), seed, helped, auroc));
          say.accept(
              "%.0f %% (%d labels), seed %d, %s: AUROC %.4f"
                  .formatted(
                      100 * fraction.part,
                      some.count(),
                      seed,
                      helped ? "pre-trained" : "random",
                      auroc));
        }
      }
    }
    return results;
  }

  private double fineTune(ImageSet some, int epochs, long seed, boolean helped, Path preTrained)
      throws IOException {
    TrainedSet set = TrainedSet.of(Catalogue.require(spec(ARCHITECTURE)), StudyPlan.Tuning.FULL);
    Training training = training(epochs, 0, 32, 5e-4, 0.05);
    try (LocalModel model = LocalModel.open(set, EngineSettings.reproducible());
        SafetensorsFile file = SafetensorsFile.open(preTrained)) {
      model.load(helped ? Start.from(file, set, seed) : Start.seeded(set, seed));
      trained(model.train(some, TrainingRun.of(training, 1, 1, seed)));
      double[] logits = model.predict(validation, Preprocessing.of(training));
      return Auroc.of(validation.labels(), logits)
          .orElseThrow(() -> new IOException("validation images are all of one class"))
          .estimate();
    }
  }

  /** Places of a part of each class, in an order that the seed alone decides. */
  private int[] subset(double part, long seed) {
    List<Integer> chosen = new ArrayList<>();
    for (int label = 0; label < 2; label++) {
      List<Integer> places = new ArrayList<>();
      for (int i = 0; i < train.count(); i++) {
        if (train.label(i) == label) {
          places.add(i);
        }
      }
      SplittableRandom random = new SplittableRandom(seed * 31 + label);
      for (int i = places.size() - 1; i > 0; i--) {
        java.util.Collections.swap(places, i, random.nextInt(i + 1));
      }
      chosen.addAll(places.subList(0, (int) Math.ceil(part * places.size() - 1e-9)));
    }
    return chosen.stream().mapToInt(Integer::intValue).toArray();
  }

  private ModelSpec spec(String architecture) {
    return new ModelSpec(architecture, train.channels(), train.height(), train.width(), 1, 0);
  }

  private static Training training(int epochs, int steps, int batch, double rate, double warmup) {
    return new Training(
        epochs,
        steps,
        batch,
        new Training.Optimiser("adamw", rate, 0.05, 0, 1, 1),
        new Training.Schedule(1, warmup, true, 0),
        0,
        new Training.Input("upright", "image", 0.5, 0.5),
        Training.Personal.NONE,
        false);
  }

  private static TrainingOutcome.Trained trained(TrainingOutcome outcome) throws IOException {
    if (outcome instanceof TrainingOutcome.Trained trained) {
      return trained;
    }
    throw new IOException("training ended as " + outcome);
  }
}
