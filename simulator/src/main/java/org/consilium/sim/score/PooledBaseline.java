package org.consilium.sim.score;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.consilium.models.catalog.Bundled;
import org.consilium.models.data.ImageSet;
import org.consilium.models.engine.EngineSettings;
import org.consilium.models.engine.LocalModel;
import org.consilium.models.engine.TrainingOutcome;
import org.consilium.models.engine.TrainingRun;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.models.tune.Start;
import org.consilium.protocol.ModelSpec;
import org.consilium.protocol.Training;

/**
 * The model that one could train if all data lay in one place: the same start, settings and number
 * of epochs, over the union of the sites' training cases.
 */
public final class PooledBaseline {
  private PooledBaseline() {}

  /**
   * Trains and judges it.
   *
   * @param epochs as many as the federation has rounds, each with the plan's local passes
   * @param wanted asked between epochs; false stops
   * @return its opinion of the test cases, or nothing when it was stopped or diverged
   */
  public static Optional<TestBench.Opinion> train(
      Settings settings, List<ImageSet> sites, int epochs, BooleanSupplier wanted)
      throws IOException {
    ImageSet union = ImageSet.union(sites);
    try (LocalModel model = LocalModel.open(settings.spec, EngineSettings.reproducible())) {
      settings.load(model);
      for (int epoch = 1; epoch <= epochs; epoch++) {
        TrainingRun run = TrainingRun.of(settings.training, epoch, epochs, settings.seed);
        if (!wanted.getAsBoolean()
            || !(model.train(union, run) instanceof TrainingOutcome.Trained)) {
          return Optional.empty();
        }
      }
      return Optional.of(settings.bench.judge(model));
    }
  }

  /**
   * What is trained and how it is judged.
   *
   * @param seed of the study, for the start
   * @param foundation bundled parameters to start from; empty for the seed's values
   */
  public record Settings(
      ModelSpec spec, Training training, long seed, TestBench bench, Optional<Bundled> foundation) {
    /** From the seed's values. */
    public Settings(ModelSpec spec, Training training, long seed, TestBench bench) {
      this(spec, training, seed, bench, Optional.empty());
    }

    /** The values that the study's sites start from. */
    private void load(LocalModel model) throws IOException {
      if (foundation.isEmpty()) {
        model.load(Start.seeded(model.set(), seed));
        return;
      }
      Path file = Files.createTempFile("foundation", ".safetensors");
      try {
        try (InputStream in = foundation.get().open()) {
          Files.copy(in, file, StandardCopyOption.REPLACE_EXISTING);
        }
        try (SafetensorsFile values = SafetensorsFile.open(file)) {
          model.load(Start.from(values, model.set(), seed));
        }
      } finally {
        Files.delete(file);
      }
    }
  }
}
