package org.consilium.coordinator.round;

import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.consilium.coordinator.aggregate.robust.Handling;
import org.consilium.coordinator.round.MaskEvent.DealerBlamed;
import org.consilium.coordinator.round.RoundEvent.Place;
import org.consilium.coordinator.round.RoundState.Abandoned;
import org.consilium.coordinator.round.RoundState.Closed;
import org.consilium.coordinator.round.RoundState.Watched;
import org.consilium.coordinator.round.StudyEvent.Created;
import org.consilium.coordinator.round.StudyEvent.Model;
import org.consilium.coordinator.round.StudyEvent.UpdateLate;
import org.consilium.coordinator.validation.BestModel;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;

/**
 * All that the journal says of a study. Immutable; equal journals give equal states.
 *
 * @param created what the study was created with
 * @param stage where it stands
 * @param detail why it is paused or failed, else empty
 * @param answers each site's latest answer, sorted
 * @param history rounds and windows that are over, in order
 * @param current the round or window in progress
 * @param models published versions in order; the first is the initial one
 * @param exponents scale table of the next round; empty before the first aggregate
 * @param abandoned attempts in a row that came to nothing
 * @param events how many events made this state
 * @param blames what sites said of dealers, in order
 * @param lates updates that came when their round was over, in order
 */
public record StudyState(
    Created created,
    Stage stage,
    String detail,
    SortedMap<SiteId, Answer> answers,
    List<RoundState> history,
    Optional<RoundState> current,
    List<Published> models,
    List<Integer> exponents,
    int abandoned,
    long events,
    List<DealerBlamed> blames,
    List<UpdateLate> lates) {
  public StudyState {
    answers = Collections.unmodifiableSortedMap(new TreeMap<>(answers));
    history = List.copyOf(history);
    models = List.copyOf(models);
    exponents = List.copyOf(exponents);
    blames = List.copyOf(blames);
    lates = List.copyOf(lates);
  }

  /** Where a study stands. */
  public enum Stage {
    AWAITING,
    RUNNING,
    MONITORING,
    PAUSED,
    COMPLETED,
    FAILED
  }

  /**
   * A hospital's answer.
   *
   * @param refusal why it refused, empty when it accepted
   * @param samples training examples it would use
   */
  public record Answer(boolean accepted, String refusal, int samples) {}

  /**
   * A published version.
   *
   * @param round the round that made it, 0 for the initial one
   * @param score mean over sites of the selecting metric; empty while nothing was reported
   * @param loss mean over sites of the log loss, which breaks ties
   * @param moments SHA-256 of the files that hold what the server's rule remembers beside it
   * @param handlings what a robust rule did with each update; empty without a rule
   */
  public record Published(
      int round,
      Model model,
      Optional<ModelVersion> parent,
      Optional<Double> score,
      Optional<Double> loss,
      Instant at,
      List<Digest> moments,
      SortedMap<SiteId, Handling> handlings) {
    public Published {
      moments = List.copyOf(moments);
      handlings = Collections.unmodifiableSortedMap(new TreeMap<>(handlings));
    }
  }

  /** Settings. */
  public StudyPlan plan() {
    return created.plan();
  }

  /** The latest version. */
  public Published latest() {
    return models.getLast();
  }

  /**
   * The version that the plan's metric chooses, once any was reported on; of contrastive training
   * the last one that was.
   */
  public Optional<Published> best() {
    if (plan().task().type() == StudyPlan.Task.Type.CONTRASTIVE) {
      // Its loss is seen through each site's own projector, which tells no versions apart: the
      // last.
      return models.stream().filter(m -> m.score().isPresent()).reduce((_, later) -> later);
    }
    List<BestModel.Candidate> candidates =
        models.stream().map(m -> new BestModel.Candidate(m.round(), m.score(), m.loss())).toList();
    // Under the prior correction the model is not for any one site's prevalence.
    boolean calibrated = !plan().task().correction().equals("prior");
    return BestModel.choose(plan().select(), calibrated, candidates)
        .flatMap(best -> models.stream().filter(m -> m.round() == best.round()).findFirst());
  }

  /** What is watched after the last round: the best version, or the latest when none is scored. */
  public Published released() {
    return best().orElseGet(this::latest);
  }

  /** Every round and window, the one in progress last. */
  public List<RoundState> all() {
    return java.util.stream.Stream.concat(history.stream(), current.stream()).toList();
  }

  /**
   * Whether an update for an attempt would come too late: the attempt was opened with its site, and
   * takes no updates any more.
   */
  public boolean late(Place place, SiteId site) {
    boolean open =
        current.orElse(null) instanceof RoundState.Collecting c && c.place().equals(place);
    return !open
        && all().stream()
            .flatMap(r -> r.start().stream())
            .anyMatch(o -> o.place().equals(place) && o.member(site).isPresent());
  }

  /** Whether it is noted already that a site's update for an attempt came late. */
  public boolean notedLate(Place place, SiteId site) {
    return lates.stream().anyMatch(l -> l.place().equals(place) && l.site().equals(site));
  }

  /** Rounds that counted, or are burnt: their deltas may not be summed again. */
  public int roundsOver() {
    return (int)
        history.stream()
            .filter(r -> r instanceof Closed || (r instanceof Abandoned a && a.burnt()))
            .count();
  }

  /** Monitoring windows that are over. */
  public int windowsClosed() {
    return (int) history.stream().filter(r -> r instanceof Watched).count();
  }

  /** Whether every planned round is over. */
  public boolean roundsDone() {
    return roundsOver() == plan().rounds();
  }

  /** The attempt that the next opened round has: 1, or one more than the abandoned one's. */
  public int nextAttempt() {
    int round = roundsOver() + 1;
    return 1
        + history.stream()
            .flatMap(r -> r.start().stream())
            .filter(o -> o.number() == round)
            .mapToInt(Opening::attempt)
            .max()
            .orElse(0);
  }

  /** Sites that accepted, sorted. */
  public List<SiteId> willing() {
    return answers.entrySet().stream()
        .filter(e -> e.getValue().accepted())
        .map(java.util.Map.Entry::getKey)
        .toList();
  }
}
