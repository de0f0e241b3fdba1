package org.consilium.coordinator.study;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.consilium.coordinator.aggregate.robust.Handling;
import org.consilium.coordinator.drift.DriftMonitor;
import org.consilium.coordinator.roster.Presence;
import org.consilium.coordinator.round.Opening;
import org.consilium.coordinator.round.RoundEvent.Accepted;
import org.consilium.coordinator.round.RoundState;
import org.consilium.coordinator.round.RoundState.Abandoned;
import org.consilium.coordinator.round.RoundState.Aggregating;
import org.consilium.coordinator.round.RoundState.Closed;
import org.consilium.coordinator.round.RoundState.Collecting;
import org.consilium.coordinator.round.RoundState.Unmasking;
import org.consilium.coordinator.round.RoundState.Validating;
import org.consilium.coordinator.round.RoundState.Watched;
import org.consilium.coordinator.round.RoundState.Watching;
import org.consilium.coordinator.round.StudyState;
import org.consilium.coordinator.round.StudyState.Answer;
import org.consilium.coordinator.round.StudyState.Published;
import org.consilium.coordinator.study.StudySnapshot.Decision;
import org.consilium.coordinator.study.StudySnapshot.DriftPoint;
import org.consilium.coordinator.study.StudySnapshot.DriftStatus;
import org.consilium.coordinator.study.StudySnapshot.Outcome;
import org.consilium.coordinator.study.StudySnapshot.PublishedModel;
import org.consilium.coordinator.study.StudySnapshot.RoundSummary;
import org.consilium.coordinator.study.StudySnapshot.SiteStatus;
import org.consilium.coordinator.study.StudySnapshot.State;
import org.consilium.coordinator.study.StudySnapshot.UpdateFacts;
import org.consilium.coordinator.study.StudySnapshot.Verdict;
import org.consilium.coordinator.study.StudySnapshot.WindowSummary;
import org.consilium.coordinator.study.UpdateFlags.Norms;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.SiteId;

/** A study's state as the web and the metrics see it. */
final class Snapshots {
  private Snapshots() {}

  /**
   * What a snapshot is made of.
   *
   * @param past the study's rounds that are over
   * @param waiting what the study waits for, empty when it does not
   */
  record Parts(
      StudyState state,
      PastRounds past,
      Digest digest,
      String waiting,
      DriftMonitor drift,
      Presence presence,
      SiteActivity activity) {}

  static StudySnapshot of(Parts parts) {
    StudyState state = parts.state();
    PastRounds.Known known = parts.past().of(state);
    List<RoundSummary> rounds = known.rounds();
    List<WindowSummary> windows = known.windows();
    return new StudySnapshot(
        state.plan(),
        parts.digest(),
        stage(state),
        state.detail().isEmpty() ? parts.waiting() : state.detail(),
        rounds.isEmpty() ? 0 : rounds.getLast().number(),
        windows.isEmpty() ? 0 : windows.getLast().number(),
        state.current().map(Snapshots::opened),
        state.current().flatMap(Snapshots::deadline),
        sites(parts, known.bytesUp()),
        rounds,
        windows,
        state.models().stream().map(Snapshots::model).toList(),
        state.best().map(Snapshots::model),
        known.latest());
  }

  /**
   * A round as it stands; empty of a window.
   *
   * @param norms of each site in the rounds before
   */
  static Optional<RoundSummary> round(
      StudyState state, RoundState round, Map<SiteId, Norms> norms) {
    return round
        .start()
        .map(
            opening -> {
              Map<SiteId, Handling> handlings =
                  version(round).isPresent() ? handlings(state, opening.number()) : Map.of();
              return summary(state, round, opening, norms, handlings);
            });
  }

  /** What a robust rule did in a round that made a version; the newest are asked for most. */
  private static Map<SiteId, Handling> handlings(StudyState state, int round) {
    for (StudyState.Published model : state.models().reversed()) {
      if (model.round() == round) {
        return model.handlings();
      }
    }
    return Map.of();
  }

  /** A study that was started but has too few sites that agreed still awaits them. */
  private static State stage(StudyState state) {
    return switch (state.stage()) {
      case AWAITING -> State.AWAITING_SITES;
      case RUNNING ->
          state.all().isEmpty() && state.willing().size() < state.plan().participation().quorum()
              ? State.AWAITING_SITES
              : State.RUNNING;
      case MONITORING -> State.MONITORING;
      case PAUSED -> State.PAUSED;
      case COMPLETED -> State.COMPLETED;
      case FAILED -> State.FAILED;
    };
  }

  private static List<SiteStatus> sites(Parts parts, Map<SiteId, Long> up) {
    List<SiteStatus> sites = new ArrayList<>();
    for (SiteId site : parts.state().plan().participation().sites()) {
      Optional<Answer> answer = Optional.ofNullable(parts.state().answers().get(site));
      sites.add(
          new SiteStatus(
              site,
              answer
                  .map(a -> a.accepted() ? Decision.ACCEPTED : Decision.REFUSED)
                  .orElse(Decision.PENDING),
              answer.map(Answer::refusal).orElse(""),
              answer.map(Answer::samples).orElse(0),
              parts.presence().connected(site),
              parts.presence().lastSeen(site),
              parts.activity().phase(site),
              up.getOrDefault(site, 0L),
              parts.activity().sent(site),
              drift(parts.drift().evidence(site))));
    }
    return sites;
  }

  private static DriftStatus drift(DriftMonitor.Evidence evidence) {
    Verdict verdict =
        switch (evidence.verdict()) {
          case INSUFFICIENT -> Verdict.INSUFFICIENT;
          case STABLE -> Verdict.STABLE;
          case SUSPECTED -> Verdict.SUSPECTED;
          case CONFIRMED -> Verdict.CONFIRMED;
        };
    return new DriftStatus(
        verdict,
        evidence.firstAlarm().orElse(0),
        evidence.points().stream()
            .map(
                p ->
                    new DriftPoint(
                        p.window(), p.quantity(), p.shift(), p.statistic(), p.threshold()))
            .toList());
  }

  /**
   * One round.
   *
   * @param norms of each site in the rounds before
   * @param handlings what a robust rule did with each update
   */
  private static RoundSummary summary(
      StudyState state,
      RoundState round,
      Opening opening,
      Map<SiteId, Norms> norms,
      Map<SiteId, Handling> handlings) {
    Map<SiteId, UpdateFacts> updates = new HashMap<>();
    round.updates().values().forEach(u -> updates.put(u.site(), facts(u, norms)));
    return new RoundSummary(
        opening.number(),
        opening.attempt(),
        outcome(round),
        round instanceof Abandoned abandoned ? abandoned.detail() : "",
        opening.opened(),
        closed(round),
        updates,
        opening.sites().stream().filter(site -> !updates.containsKey(site)).toList(),
        opening.sites().stream().filter(site -> state.notedLate(opening.place(), site)).toList(),
        version(round),
        Reports.of(round),
        handlings,
        MaskingView.of(state, round));
  }

  private static UpdateFacts facts(Accepted u, Map<SiteId, Norms> norms) {
    return new UpdateFacts(
        u.upload(),
        u.weight(),
        u.samples(),
        u.norm(),
        u.trainingLoss(),
        u.bytes(),
        UpdateFlags.of(norms.getOrDefault(u.site(), Norms.NOTHING), u));
  }

  private static Outcome outcome(RoundState round) {
    return switch (round) {
      case Collecting _, Unmasking _, Aggregating _, Validating _, Watching _ -> Outcome.OPEN;
      case Closed _, Watched _ -> Outcome.COMPLETED;
      case Abandoned _ -> Outcome.ABANDONED;
    };
  }

  private static Optional<Instant> closed(RoundState round) {
    return switch (round) {
      case Closed c -> Optional.of(c.closed());
      case Abandoned a -> Optional.of(a.closed());
      case Watched w -> Optional.of(w.closed());
      case Collecting _, Unmasking _, Aggregating _, Validating _, Watching _ -> Optional.empty();
    };
  }

  private static Optional<ModelVersion> version(RoundState round) {
    return switch (round) {
      case Validating v -> Optional.of(v.model().version());
      case Closed c -> Optional.of(c.model().version());
      case Collecting _, Unmasking _, Aggregating _, Abandoned _, Watching _, Watched _ ->
          Optional.empty();
    };
  }

  static Optional<WindowSummary> window(RoundState round) {
    return Stream.of(round)
        .flatMap(
            r ->
                switch (r) {
                  case Watching w ->
                      Stream.of(summary(w.window(), w.opened(), w.model().version(), r));
                  case Watched w ->
                      Stream.of(summary(w.window(), w.opened(), w.model().version(), r));
                  case Collecting _,
                      Unmasking _,
                      Aggregating _,
                      Validating _,
                      Closed _,
                      Abandoned _ ->
                      Stream.empty();
                })
        .findFirst();
  }

  private static WindowSummary summary(
      int number, Instant opened, ModelVersion model, RoundState round) {
    return new WindowSummary(number, opened, closed(round), model, Reports.of(round));
  }

  private static Instant opened(RoundState round) {
    return switch (round) {
      case Watching w -> w.opened();
      case Watched w -> w.opened();
      case Collecting _, Unmasking _, Aggregating _, Validating _, Closed _, Abandoned _ ->
          round.start().orElseThrow().opened();
    };
  }

  private static Optional<Instant> deadline(RoundState round) {
    return switch (round) {
      case Collecting c -> Optional.of(c.opening().deadline());
      case Unmasking u -> Optional.of(u.masking().until());
      case Validating v -> Optional.of(v.deadline());
      case Watching w -> Optional.of(w.deadline());
      case Aggregating _, Closed _, Abandoned _, Watched _ -> Optional.empty();
    };
  }

  private static PublishedModel model(Published p) {
    return new PublishedModel(
        p.round(), p.model().version(), p.parent(), p.model().fileBytes(), p.score(), p.at());
  }
}
