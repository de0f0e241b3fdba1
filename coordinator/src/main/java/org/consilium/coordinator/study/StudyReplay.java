package org.consilium.coordinator.study;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.consilium.coordinator.aggregate.RoundBroken;
import org.consilium.coordinator.masking.MaskTranscript;
import org.consilium.coordinator.registry.ModelRegistry;
import org.consilium.coordinator.round.Retelling;
import org.consilium.coordinator.round.RoundEffects.Made;
import org.consilium.coordinator.round.RoundEvent.ModelPublished;
import org.consilium.coordinator.round.RoundState.Aggregating;
import org.consilium.coordinator.round.StudyEvent.Created;
import org.consilium.coordinator.round.StudyEvent.InRound;
import org.consilium.coordinator.round.StudyState;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.StudyId;
import org.consilium.security.seal.AggregationKey;

/**
 * Does a study's rounds again from the journal, the starting parameters and the updates that were
 * kept, with the code that did them the first time, and compares each version with the published
 * one. Writes into a folder of its own, which it removes. One replay at a time.
 */
public final class StudyReplay implements Replays {
  private final Surroundings around;

  /** Over a coordinator's own files. */
  public StudyReplay(Surroundings around) {
    this.around = around;
  }

  /** A published round, and the study just before it. */
  private record Point(StudyState state, Aggregating round, ModelPublished published) {}

  @Override
  public synchronized Replayed replay(StudyId study) throws StudyRefused, IOException {
    List<Point> points = new ArrayList<>();
    Created created = read(study, points);
    Optional<AggregationKey> key = AggregationKeys.of(around).load(created);
    if (points.isEmpty()) {
      return new Replayed(study, List.of());
    }
    if (key.isEmpty()) {
      int first = points.getFirst().round().opening().number();
      String what =
          "the study's aggregation key was destroyed when it ended; --keep-updates keeps it";
      return new Replayed(study, List.of(new Replayed.Round.Missing(first, what)));
    }
    Path folder = Files.createTempDirectory(around.state(), "replay-");
    try (AggregationKey opener = key.get()) {
      return new Replayed(study, rounds(created, points, opener, folder));
    } finally {
      remove(folder);
    }
  }

  private Created read(StudyId study, List<Point> points) throws StudyRefused, IOException {
    Optional<StudyState> now =
        Retelling.of(
            study,
            around.journal(),
            (before, event) -> {
              if (event instanceof InRound(ModelPublished published)
                  && before.current().orElse(null) instanceof Aggregating round) {
                points.add(new Point(before, round, published));
              }
            });
    if (now.isEmpty()) {
      throw new StudyRefused(StudyRefused.Why.NOT_FOUND, "there is no study " + study);
    }
    return now.get().created();
  }

  private List<Replayed.Round> rounds(
      Created created, List<Point> points, AggregationKey key, Path folder) throws IOException {
    StudyEffects.Stores stores = around.stores();
    ModelRegistry kept = stores.models();
    ModelRegistry scratch = ModelRegistry.open(folder);
    Transcript transcript =
        new SpooledTranscript(
            StudyEffects.of(around, stores, created, Optional.of(key)), stores.spool());
    Optional<Path> initial = kept.find(created.initial().version());
    List<Replayed.Round> rounds = new ArrayList<>();
    if (initial.isEmpty()) {
      return List.of(new Replayed.Round.Missing(1, "the starting parameters are no longer there"));
    }
    Digest found = Digest.sha256(initial.get());
    if (!found.equals(created.initial().version().digest())) {
      String what = "the starting parameters were changed: their file holds " + found.brief();
      return List.of(new Replayed.Round.Missing(1, what));
    }
    var _ = Files.copy(initial.get(), folder.resolve(initial.get().getFileName()));
    for (Point point : points) {
      Replayed.Round round = round(transcript, scratch, point);
      rounds.add(round);
      if (!(round instanceof Replayed.Round.Proven)) {
        break; // what comes after starts from what was not proven
      }
      ModelVersion base = point.round().opening().base().version();
      scratch.dropMoments(base, point.published().moments().size());
      scratch.drop(base);
    }
    return rounds;
  }

  private static Replayed.Round round(Transcript transcript, ModelRegistry scratch, Point point)
      throws IOException {
    int number = point.round().opening().number();
    Optional<String> missing = transcript.missing(point.round());
    if (missing.isPresent()) {
      return new Replayed.Round.Missing(number, missing.get());
    }
    Made made;
    try {
      made = transcript.again(scratch, point.state(), point.round());
    } catch (RoundBroken | MaskTranscript.MessageBroken broken) {
      return new Replayed.Round.Missing(number, String.valueOf(broken.getMessage()));
    }
    ModelPublished published = point.published();
    boolean same =
        made.model().equals(published.model())
            && made.nextExponents().equals(published.nextExponents())
            && made.moments().equals(published.moments());
    return same
        ? new Replayed.Round.Proven(number, made.model().version())
        : new Replayed.Round.Differs(number, published.model().version(), made.model().version());
  }

  private static void remove(Path folder) throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      for (Path file : files) {
        Files.deleteIfExists(file);
      }
    }
    Files.deleteIfExists(folder);
  }
}
