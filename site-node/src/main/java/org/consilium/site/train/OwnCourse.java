package org.consilium.site.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Stream;
import org.consilium.models.engine.LocalModel;
import org.consilium.models.federated.FedEma;
import org.consilium.models.federated.RoundLayout;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.models.params.SafetensorsWriter;
import org.consilium.protocol.Aggregation.Rule;

/**
 * FedEMA's memory: what this site's training of the last rounds left of the parameters that travel,
 * and its λ, one file a round. A round that is trained again after a crash begins with the same
 * values. The last two are kept, and never leave.
 */
record OwnCourse(Path folder) {
  private static final String PREFIX = "own-course-";
  private static final String LAMBDA = "lambda";
  private static final int KEPT = 2;

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
    Optional<Path> last =
        files().stream().filter(f -> number(f) < job.round()).max(Comparator.naturalOrder());
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
    Files.createDirectories(folder);
    Path file = folder.resolve(PREFIX + "%05d.safetensors".formatted(job.round()));
    Map<String, String> metadata =
        lambda.isPresent() ? Map.of(LAMBDA, Double.toString(lambda.getAsDouble())) : Map.of();
    try (SafetensorsWriter writer = SafetensorsWriter.create(file, trained.layout(), metadata)) {
      writer.write(trained);
      var _ = writer.finish();
    }
    List<Path> all = files();
    for (Path old : all.subList(0, Math.max(0, all.size() - KEPT))) {
      Files.deleteIfExists(old);
    }
  }

  private List<Path> files() throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> all = Files.list(folder)) {
      return all.filter(
              p -> String.valueOf(p.getFileName()).matches(PREFIX + "[0-9]{5}\\.safetensors"))
          .sorted()
          .toList();
    }
  }

  private static int number(Path file) {
    String name = String.valueOf(file.getFileName());
    return Integer.parseInt(name.substring(PREFIX.length(), PREFIX.length() + 5));
  }
}
