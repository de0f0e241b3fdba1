package org.consilium.sim.score;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.consilium.models.data.ImageSet;
import org.consilium.models.engine.LocalModel;
import org.consilium.models.engine.TrainingOutcome;
import org.consilium.models.engine.TrainingRun;
import org.consilium.models.params.ParameterSource;
import org.consilium.protocol.Training;

/**
 * The federation's arithmetic from random values instead of a pre-trained start, for comparison:
 * every site trains the round's model, the mean weighted by cases is the next one. In this process,
 * without protection; what a site would send is not rounded.
 */
public final class RandomStart {
  private RandomStart() {}

  /**
   * Trains it.
   *
   * @param beginning of the study; its file is left aside
   * @param sites training cases
   * @param rounds of the study
   * @return the parameters after the last round, or nothing when it diverged
   */
  public static Optional<ParameterSource> train(
      Beginning beginning, Training training, List<ImageSet> sites, int rounds) throws IOException {
    double cases = sites.stream().mapToInt(ImageSet::count).sum();
    try (LocalModel model = beginning.random().open()) {
      int length = Math.toIntExact(model.layout().length());
      float[] global = new float[length];
      model.read(0, global, 0, length);
      for (int round = 1; round <= rounds; round++) {
        double[] sum = new double[length];
        for (int site = 0; site < sites.size(); site++) {
          model.load(ParameterSource.of(model.layout(), global));
          TrainingRun run = TrainingRun.of(training, round, rounds, beginning.seed() * 31 + site);
          if (!(model.train(sites.get(site), run) instanceof TrainingOutcome.Trained)) {
            return Optional.empty();
          }
          add(model, sites.get(site).count() / cases, sum);
        }
        for (int i = 0; i < length; i++) {
          global[i] = (float) sum[i];
        }
      }
      return Optional.of(ParameterSource.of(model.layout(), global));
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
