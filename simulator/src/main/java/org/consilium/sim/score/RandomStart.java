package org.consilium.sim.score;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.consilium.models.data.ImageSet;
import org.consilium.models.engine.EngineSettings;
import org.consilium.models.engine.LocalModel;
import org.consilium.models.engine.TrainingOutcome;
import org.consilium.models.engine.TrainingRun;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.tune.Start;

/**
 * The federation's arithmetic from random values instead of a pre-trained start, for comparison:
 * every site trains the round's model, the mean weighted by cases is the next one. In this process,
 * without protection; what a site would send is not rounded.
 */
public final class RandomStart {
  private RandomStart() {}

  /**
   * Trains and judges it.
   *
   * @param sites training cases
   * @param wanted asked before each round; false stops
   * @return its opinion of the test cases, or nothing when it was stopped or diverged
   */
  public static Optional<TestBench.Opinion> train(
      PooledBaseline.Settings settings, List<ImageSet> sites, int rounds, BooleanSupplier wanted)
      throws IOException {
    double cases = sites.stream().mapToInt(ImageSet::count).sum();
    try (LocalModel model = LocalModel.open(settings.spec(), EngineSettings.reproducible())) {
      model.load(Start.seeded(model.set(), settings.seed()));
      int length = Math.toIntExact(model.layout().length());
      float[] global = new float[length];
      model.read(0, global, 0, length);
      for (int round = 1; round <= rounds; round++) {
        double[] sum = new double[length];
        for (int site = 0; site < sites.size(); site++) {
          if (!wanted.getAsBoolean()) {
            return Optional.empty();
          }
          model.load(ParameterSource.of(model.layout(), global));
          TrainingRun run =
              TrainingRun.of(settings.training(), round, rounds, settings.seed() * 31 + site);
          if (!(model.train(sites.get(site), run) instanceof TrainingOutcome.Trained)) {
            return Optional.empty();
          }
          add(model, sites.get(site).count() / cases, sum);
        }
        for (int i = 0; i < length; i++) {
          global[i] = (float) sum[i];
        }
      }
      model.load(ParameterSource.of(model.layout(), global));
      return Optional.of(settings.bench().judge(model));
    }
  }

  private static void add(LocalModel model, double share, double[] sum) {
    float[] trained = new float[sum.length];
    model.read(0, trained, 0, trained.length);
    for (int i = 0; i < sum.length; i++) {
      sum[i] += share * trained[i];
    }
  }
}
