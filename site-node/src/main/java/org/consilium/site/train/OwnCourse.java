package org.consilium.site.train;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.consilium.models.engine.LocalModel;
import org.consilium.models.federated.FedEma;
import org.consilium.models.federated.RoundLayout;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.protocol.Aggregation.Rule;

/**
 * FedEMA's memory: what this site's training of the last rounds left of the parameters that travel,
 * and its λ. Neither ever leaves.
 */
record OwnCourse(Path folder) {
  private static final String PREFIX = "own-course-";
  private static final String LAMBDA = "lambda";

  /**
   * Moves a model that holds the round's global parameters to where this site's training begins;
   * nothing under other rules, or in the site's first round.
   *
   * @return λ, if the site has one by now
   */
  OptionalDouble join(TrainingJob job, LocalModel model) throws IOException {
    if (job.plan().aggregation().rule() != Rule.FEDEMA) {
      return OptionalDouble.empty();
    }
    Optional<Path> last = files().before(job.round());
    if (last.isEmpty()) {
      return OptionalDouble.empty();
    }
    try (SafetensorsFile own = SafetensorsFile.open(last.get());
        SafetensorsFile base = SafetensorsFile.open(job.base())) {
      String known = own.metadata().get(LAMBDA);
      FedEma.Meeting meeting =
          FedEma.meet(
              RoundLayout.parameters(base),
              own,
              known == null ? OptionalDouble.empty() : OptionalDouble.of(Double.parseDouble(known)),
              job.plan().aggregation().tau());
      model.load(meeting.start());
      return meeting.lambda();
    } catch (NumberFormatException damaged) {
      throw new IOException("read own course: its lambda is no number", damaged);
    }
  }

  /**
   * Keeps what training left.
   *
   * @param trained in the layout of what travels
   */
  void keep(TrainingJob job, ParameterSource trained, OptionalDouble lambda) throws IOException {
    if (job.plan().aggregation().rule() != Rule.FEDEMA) {
      return;
    }
    Map<String, String> metadata =
        lambda.isPresent() ? Map.of(LAMBDA, Double.toString(lambda.getAsDouble())) : Map.of();
    files().write(trained, job.round(), metadata);
  }

  private RoundFiles files() {
    return new RoundFiles(folder, PREFIX);
  }
}
