package org.consilium.models.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.consilium.models.data.ImageSet;
import org.consilium.protocol.ModelSpec;
import org.consilium.protocol.Training;
import org.junit.jupiter.api.Test;

class VisionTransformerTrainingTest {
  private static final ModelSpec TEST = new ModelSpec("vit-test", 1, 16, 16, 1, 0);

  @Test
  void train_onLabelsThatTheImageShows_lowersTheLossAndJudgesThemRight() throws IOException {
    ImageSet images = brightOrDark(64);
    try (LocalModel model = opened()) {
      List<Double> losses = new ArrayList<>();
      for (int round = 1; round <= 4; round++) {
        losses.add(train(model, images, round).loss());
      }

      assertThat(losses.getLast()).isLessThan(0.2).isLessThan(losses.getFirst());
      double[] logits = model.predict(images, Preprocessing.of(plan()));
      for (int i = 0; i < images.count(); i++) {
        assertThat(logits[i] > 0).isEqualTo(images.label(i) == 1);
      }
    }
  }

  @Test
  void train_twiceFromTheSameSeed_givesTheSameBitsAndKeepsNoArrays() throws IOException {
    ImageSet images = brightOrDark(40);
    List<float[]> found = new ArrayList<>();
    for (int time = 0; time < 2; time++) {
      try (LocalModel model = opened()) {
        int before = model.manager().getManagedArrays().size();
        TrainingOutcome.Trained trained = train(model, images, 1);

        assertThat(trained.steps()).isEqualTo(5);
        assertThat(model.manager().getManagedArrays()).hasSize(before);
        float[] values = new float[(int) model.layout().length()];
        model.read(0, values, 0, values.length);
        found.add(values);
      }
    }

    assertThat(found.get(1)).isEqualTo(found.get(0));
  }

  private static TrainingOutcome.Trained train(LocalModel model, ImageSet images, int round)
      throws IOException {
    TrainingOutcome outcome = model.train(images, TrainingRun.of(plan(), round, 4, 1));
    assertThat(outcome).isInstanceOf(TrainingOutcome.Trained.class);
    return (TrainingOutcome.Trained) outcome;
  }

  private static LocalModel opened() throws IOException {
    LocalModel model = LocalModel.open(TEST, EngineSettings.reproducible());
    model.load(model.architecture().initial(4));
    return model;
  }

  static Training plan() {
    return new Training(
        1,
        0,
        8,
        new Training.Optimiser("adamw", 3e-3, 0.05, 0, 0, 1),
        new Training.Schedule(1, 0, false, 0),
        0,
        new Training.Input("none", "fixed", 0.5, 0.25),
        Training.Personal.NONE,
        false);
  }

  private static ImageSet brightOrDark(int count) {
    SplittableRandom random = new SplittableRandom(3);
    byte[] pixels = new byte[count * 256];
    int[] labels = IntStream.range(0, count).map(i -> i % 2).toArray();
    for (int at = 0; at < pixels.length; at++) {
      boolean spot = labels[at / 256] == 1 && at % 256 / 16 < 8 && at % 16 < 8;
      pixels[at] = (byte) (random.nextInt(64) + (spot ? 150 : 0));
    }
    return new ImageSet(1, 16, 16, pixels, labels);
  }
}
