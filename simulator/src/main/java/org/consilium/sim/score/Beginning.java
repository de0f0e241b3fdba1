package org.consilium.sim.score;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.consilium.models.catalog.Catalogue;
import org.consilium.models.engine.EngineSettings;
import org.consilium.models.engine.LocalModel;
import org.consilium.models.tune.TrainedSet;
import org.consilium.protocol.ModelSpec;
import org.consilium.protocol.StudyPlan;

/**
 * What the sites of a study start from.
 *
 * @param tuning which parameters are trained
 * @param seed of what no file gives
 * @param foundation safetensors file of the parameters to start from; empty starts from the seed
 */
public record Beginning(
    ModelSpec spec, StudyPlan.Tuning tuning, long seed, Optional<Path> foundation) {
  /** As a plan says it. */
  public static Beginning of(StudyPlan plan, Optional<Path> foundation) {
    return new Beginning(plan.model(), plan.tuning(), plan.seed(), foundation);
  }

  /** The same from random values. */
  Beginning random() {
    return new Beginning(spec, tuning, seed, Optional.empty());
  }

  /**
   * A model as it is before round 1; the caller closes it.
   *
   * @throws IOException if the file cannot be read or does not fit; the message names the tensors
   */
  public LocalModel open() throws IOException {
    TrainedSet set = TrainedSet.of(Catalogue.require(spec), tuning);
    LocalModel model = LocalModel.open(set, EngineSettings.reproducible());
    try {
      model.start(foundation, seed);
      return model;
    } catch (IllegalArgumentException unfit) {
      model.close();
      throw new IOException("open model: " + unfit.getMessage(), unfit);
    } catch (IOException | RuntimeException failure) {
      model.close();
      throw failure;
    }
  }
}
