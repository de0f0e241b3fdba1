package org.consilium.models.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.consilium.models.catalog.Catalogue;
import org.consilium.models.data.ImageSet;
import org.consilium.models.tune.TrainedSet;
import org.consilium.protocol.ModelSpec;
import org.consilium.protocol.StudyPlan;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddingFileTest {
  private static final int KEY_BYTES = 32;
  private static final Preprocessing GREY = new Preprocessing(false, 0.5, 0.5);

  @TempDir private Path folder;

  @Test
  void of_theSameAgain_takesWhatIsInTheFile() throws IOException {
    Path path = folder.resolve("e.bin");
    try (LocalModel model = opened(4)) {
      float[] first = new EmbeddingFile(path).of(model, images(1), GREY);
      assertThat(first).isEqualTo(model.embed(images(1), GREY));
      byte[] held = Files.readAllBytes(path);
      Arrays.fill(held, KEY_BYTES, held.length, (byte) 0);
      Files.write(path, held);

      float[] again = new EmbeddingFile(path).of(model, images(1), GREY);

      assertThat(again).hasSameSizeAs(first).containsOnly(0f);
    }
  }

  @Test
  void of_otherImagesNormalisationOrEncoder_makesThemAgain() throws IOException {
    EmbeddingFile file = new EmbeddingFile(folder.resolve("e.bin"));
    try (LocalModel model = opened(4);
        LocalModel other = opened(5)) {
      file.of(model, images(1), GREY);

      Preprocessing dark = new Preprocessing(false, 0.4, 0.5);
      assertThat(file.of(model, images(2), GREY)).isEqualTo(model.embed(images(2), GREY));
      assertThat(file.of(model, images(2), dark)).isEqualTo(model.embed(images(2), dark));
      assertThat(file.of(other, images(2), dark)).isEqualTo(other.embed(images(2), dark));
    }
  }

  @Test
  void of_aBrokenFile_makesThemAgain() throws IOException {
    Path path = Files.write(folder.resolve("e.bin"), new byte[] {1, 2, 3});
    try (LocalModel model = opened(4)) {
      assertThat(new EmbeddingFile(path).of(model, images(1), GREY))
          .isEqualTo(model.embed(images(1), GREY));
    }
  }

  @Test
  void keepEmbeddings_ofAProbe_doesNotChangeWhatIsTrained() throws IOException {
    float[] without = trained(false);
    float[] with = trained(true);
    float[] fromTheFile = trained(true);

    assertThat(with).isEqualTo(without);
    assertThat(fromTheFile).isEqualTo(without);
    assertThat(folder.resolve("kept.bin")).exists();
  }

  private float[] trained(boolean kept) throws IOException {
    try (LocalModel model = opened(4)) {
      if (kept) {
        model.keepEmbeddings(folder.resolve("kept.bin"));
      }
      TrainingOutcome outcome =
          model.train(images(1), TrainingRun.of(VisionTransformerTrainingTest.plan(), 1, 4, 1));
      assertThat(outcome).isInstanceOf(TrainingOutcome.Trained.class);
      float[] values = new float[(int) model.layout().length()];
      model.read(0, values, 0, values.length);
      return values;
    }
  }

  private static LocalModel opened(long seed) throws IOException {
    ModelSpec spec = new ModelSpec("vit-test", 1, 16, 16, 1, 0);
    StudyPlan.Tuning probe =
        new StudyPlan.Tuning(
            StudyPlan.Tuning.Regime.PROBE, 0, 0, 0, StudyPlan.Tuning.Local.NOTHING);
    LocalModel model =
        LocalModel.open(
            TrainedSet.of(Catalogue.require(spec), probe), EngineSettings.reproducible());
    model.load(model.architecture().initial(seed));
    return model;
  }

  private static ImageSet images(long seed) {
    byte[] pixels = new byte[12 * 16 * 16];
    new SplittableRandom(seed).nextBytes(pixels);
    int[] labels = new int[12];
    for (int i = 0; i < labels.length; i++) {
      labels[i] = i % 2;
    }
    return new ImageSet(1, 16, 16, pixels, labels);
  }
}
