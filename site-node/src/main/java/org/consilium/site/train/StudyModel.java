package org.consilium.site.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.consilium.models.catalog.Catalogue;
import org.consilium.models.engine.EngineSettings;
import org.consilium.models.engine.LocalModel;
import org.consilium.models.federated.RoundLayout;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.models.tune.TrainedSet;
import org.consilium.protocol.StudyPlan;

/**
 * A study's model at this site: what it starts from, what came from the coordinator, and what stays
 * here.
 *
 * @param plan the study
 * @param foundation file of the parameters that the plan starts from; absent as in the plan
 * @param folder where what belongs to this study alone is kept
 */
public record StudyModel(StudyPlan plan, Optional<Path> foundation, Path folder) {
  private static final String EMBEDDINGS = "embeddings.bin";
  private static final String OWN_PART = "own-part-";

  /** The layout of every delta of a study: what travels, and what the rule adds to it. */
  public static ParameterLayout layout(StudyPlan plan) {
    TrainedSet set = TrainedSet.of(Catalogue.require(plan.model()), plan.tuning());
    return RoundLayout.of(set.shared(), plan.aggregation());
  }

  /** Which parameters are trained, and which travel. */
  public TrainedSet set() {
    return TrainedSet.of(Catalogue.require(plan.model()), plan.tuning());
  }

  /**
   * A model with the study's starting values, in the engine's memory; the caller closes it.
   *
   * @throws IllegalArgumentException if the foundation does not fit the architecture
   * @throws IOException if it cannot be read or the engine is not there
   */
  public LocalModel start(EngineSettings settings) throws IOException {
    TrainedSet set = set();
    LocalModel model = LocalModel.open(set, settings);
    try {
      if (set.headOnly()) {
        Files.createDirectories(folder);
        model.keepEmbeddings(folder.resolve(EMBEDDINGS));
      }
      model.start(foundation, plan.seed());
      return model;
    } catch (IOException | RuntimeException failure) {
      model.close();
      throw failure;
    }
  }

  /**
   * The model with the parameters of {@code version} and this site's own part, as it stood before
   * {@code round}'s training; the caller closes it.
   *
   * @throws IllegalArgumentException if the file's tensors are not those that travel
   * @throws IOException if a file cannot be read or the engine is not there
   */
  public LocalModel at(Path version, int round, EngineSettings settings) throws IOException {
    LocalModel model = start(settings);
    try (SafetensorsFile shared = SafetensorsFile.open(version)) {
      ParameterSource parameters = RoundLayout.parameters(shared);
      if (!parameters.layout().equals(model.set().shared())) {
        throw new IllegalArgumentException(
            "open model: the version has %s, the plan trains %s"
                .formatted(parameters.layout(), model.set().shared()));
      }
      model.load(parameters);
      Optional<Path> own = ownPart().before(round);
      if (own.isPresent()) {
        try (SafetensorsFile part = SafetensorsFile.open(own.get())) {
          model.load(part);
        }
      }
      return model;
    } catch (IOException | RuntimeException failure) {
      model.close();
      throw failure;
    }
  }

  /** Trained parameters that stay at this site. */
  RoundFiles ownPart() {
    return new RoundFiles(folder, OWN_PART);
  }
}
