package org.consilium.site.work;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import org.consilium.protocol.Late;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.StudyPlan;
import org.consilium.site.protect.Assignment;
import org.consilium.site.train.KeptDelta;
import org.consilium.site.train.TrainingResult;

/**
 * A delta that came too late for its round and goes with a later one, where the plan lets it: it is
 * then this site's one update of that round, and nothing is trained for it. See docs/adr/0020.
 */
public final class Carriage {
  /** Time that a round takes after its deadline: the coordinator waits no longer for reports. */
  private static final Duration VALIDATION_MAX = Duration.ofMinutes(5);

  private final RoundTask task;
  private final StudyPlan plan;
  private final Optional<Late.Carry> carry;
  private final KeptDelta kept;
  private final Consumer<String> log;

  /**
   * Of a task.
   *
   * @param folder what the node keeps of the study
   * @param log told what is damaged
   */
  public Carriage(RoundTask task, StudyPlan plan, Path folder, Consumer<String> log) {
    this.task = task;
    this.plan = plan;
    this.carry =
        plan.participation().late() instanceof Late.Carry c ? Optional.of(c) : Optional.empty();
    this.kept = KeptDelta.in(folder);
    this.log = log;
  }

  /** How long the task may take: where late work still counts, until it is too late for that. */
  Duration patience() {
    return carry
        .filter(_ -> task.kind() == RoundTask.Kind.TRAIN)
        .map(
            c ->
                plan.participation()
                    .deadline()
                    .plus(VALIDATION_MAX)
                    .multipliedBy(c.roundsMax())
                    .plus(task.remaining()))
        .orElse(task.remaining());
  }

  /** Whether the task goes on when another of its study has come. */
  public boolean outlives(RoundTask next) {
    boolean roundsToCome =
        next.window() == 0 && (next.kind() == RoundTask.Kind.TRAIN || next.round() < plan.rounds());
    return task.kind() == RoundTask.Kind.TRAIN
        && roundsToCome
        && carry.filter(c -> next.round() - task.round() <= c.roundsMax()).isPresent();
  }

  /** Keeps the delta, in case it is late. */
  public void keep(TrainingResult.Trained trained) throws IOException {
    if (carry.isPresent()) {
      kept.keep(trained, task);
    }
  }

  /** The update was taken, or never will be. */
  public void drop() throws IOException {
    kept.drop();
  }

  /**
   * The kept delta's origin, if it may go with this task; one that may go with none is dropped, and
   * so is one whose bytes are not those that were kept.
   */
  public Optional<KeptDelta.Origin> usable() throws IOException {
    Optional<KeptDelta.Origin> origin = kept.origin();
    int rounds = origin.map(o -> task.round() - o.round()).orElse(0);
    boolean fits =
        origin
            .filter(o -> o.study().equals(task.studyDigest()))
            .filter(o -> o.layout().equals(task.model().layoutDigest()))
            .filter(o -> rounds > 0 || o.base().equals(task.model().version()))
            .isPresent();
    if (fits && rounds >= 0 && carry.filter(c -> rounds <= c.roundsMax()).isPresent()) {
      if (kept.intact()) {
        return origin;
      }
      log.accept(
          "%s: the kept delta of round %d is damaged on the disk; the round is trained"
              .formatted(TaskKey.of(task), origin.get().round()));
    }
    kept.drop();
    return Optional.empty();
  }

  /** The kept delta. */
  public TrainingResult.Trained open() throws IOException {
    return kept.open();
  }

  /** Where the update says it comes from; empty for another attempt at the same round. */
  public Optional<Assignment.Carried> from(KeptDelta.Origin origin) {
    return origin.round() == task.round()
        ? Optional.empty()
        : Optional.of(new Assignment.Carried(origin.round(), origin.base()));
  }
}
