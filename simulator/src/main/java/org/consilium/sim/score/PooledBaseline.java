package org.consilium.sim.score;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.consilium.models.data.ImageSet;
import org.consilium.models.engine.LocalModel;
import org.consilium.models.engine.TrainingOutcome;
import org.consilium.models.engine.TrainingRun;
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
    Training joint = joint(settings.training, sites.size());
    try (LocalModel model = settings.beginning.open()) {
      for (int epoch = 1; epoch <= epochs; epoch++) {
        TrainingRun run = TrainingRun.of(joint, epoch, epochs, settings.beginning.seed());
        if (!wanted.getAsBoolean()
            || !(model.train(union, run) instanceof TrainingOutcome.Trained)) {
          return Optional.empty();
        }
      }
      return Optional.of(settings.bench.judge(model));
    }
  }

  /** As many steps as the sites make together, and nothing that holds them together. */
  public static Training joint(Training training, int sites) {
    return training
        .withoutProximalTerm()
        .withLocalSteps(Math.multiplyExact(training.localSteps(), sites));
  }

  /** What is trained and how it is judged. */
  public record Settings(Beginning beginning, Training training, TestBench bench) {}
}
