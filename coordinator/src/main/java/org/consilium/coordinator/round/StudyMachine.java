package org.consilium.coordinator.round;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.consilium.coordinator.round.MaskEvent.DealerBlamed;
import org.consilium.coordinator.round.RoundEvent.ModelPublished;
import org.consilium.coordinator.round.RoundState.Abandoned;
import org.consilium.coordinator.round.RoundState.Aggregating;
import org.consilium.coordinator.round.RoundState.Closed;
import org.consilium.coordinator.round.RoundState.Collecting;
import org.consilium.coordinator.round.RoundState.Unmasking;
import org.consilium.coordinator.round.RoundState.Validating;
import org.consilium.coordinator.round.RoundState.Watched;
import org.consilium.coordinator.round.RoundState.Watching;
import org.consilium.coordinator.round.StudyEvent.Created;
import org.consilium.coordinator.round.StudyEvent.Decided;
import org.consilium.coordinator.round.StudyEvent.Ended;
import org.consilium.coordinator.round.StudyEvent.InRound;
import org.consilium.coordinator.round.StudyEvent.Paused;
import org.consilium.coordinator.round.StudyEvent.Resumed;
import org.consilium.coordinator.round.StudyEvent.RoundOpened;
import org.consilium.coordinator.round.StudyEvent.Started;
import org.consilium.coordinator.round.StudyEvent.UpdateLate;
import org.consilium.coordinator.round.StudyEvent.WindowOpened;
import org.consilium.coordinator.round.StudyState.Answer;
import org.consilium.coordinator.round.StudyState.Published;
import org.consilium.coordinator.round.StudyState.Stage;
import org.consilium.coordinator.validation.ReportScore;

/**
 * How a study goes from one state to the next: pure, total, the rule by which a journal is read.
 */
public final class StudyMachine {
  /** After so many abandoned attempts in a row a person should look. */
  public static final int ABANDONED_MAX = 3;

  private StudyMachine() {}

  /** A study just created. */
  public static StudyState open(Created event) {
    Published initial =
        new Published(
            0,
            event.initial(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            event.at(),
            List.of(),
            new TreeMap<>());
    return new StudyState(
        event,
        Stage.AWAITING,
        "",
        new TreeMap<>(),
        List.of(),
        Optional.empty(),
        List.of(initial),
        List.of(),
        0,
        1,
        List.of(),
        List.of());
  }

  /**
   * The state after an event.
   *
   * @throws IllegalStateException if the event cannot happen in this state
   */
  public static StudyState next(StudyState state, StudyEvent event) {
    StudyState next =
        switch (event) {
          case Created _ -> throw illegal(state, event);
          case Decided e -> decided(state, e);
          case Started _ -> started(state, event);
          case Paused(_, String detail) -> paused(state, event, detail);
          case Resumed _ -> resumed(state, event);
          case Ended e -> ended(state, e);
          case RoundOpened(Opening opening) -> roundOpened(state, opening, event);
          case WindowOpened e -> windowOpened(state, e);
          case UpdateLate e -> late(state, e);
          case InRound(RoundEvent e) -> inRound(state, e, event);
        };
    return new StudyState(
        next.created(),
        next.stage(),
        next.detail(),
        next.answers(),
        next.history(),
        next.current(),
        next.models(),
        next.exponents(),
        next.abandoned(),
        state.events() + 1,
        blames(state, event),
        lates(state, event));
  }

  private static List<DealerBlamed> blames(StudyState state, StudyEvent event) {
    List<DealerBlamed> blames = new ArrayList<>(state.blames());
    if (event instanceof InRound(DealerBlamed blamed)) {
      blames.add(blamed);
    }
    return blames;
  }

  private static List<UpdateLate> lates(StudyState state, StudyEvent event) {
    List<UpdateLate> lates = new ArrayList<>(state.lates());
    if (event instanceof UpdateLate late) {
      lates.add(late);
    }
    return lates;
  }

  /** Changes nothing but that it is noted: once for each attempt and site. */
  private static StudyState late(StudyState s, UpdateLate e) {
    if (!s.late(e.place(), e.site()) || s.notedLate(e.place(), e.site())) {
      throw illegal(s, e);
    }
    return s;
  }

  /** Whether the study is over for good. */
  public static boolean over(StudyState state) {
    return switch (state.stage()) {
      case COMPLETED, FAILED -> true;
      case AWAITING, RUNNING, MONITORING, PAUSED -> false;
    };
  }

  private static StudyState decided(StudyState s, Decided e) {
    if (over(s) || !s.plan().participation().sites().contains(e.site())) {
      throw illegal(s, e);
    }
    var answers = new TreeMap<>(s.answers());
    answers.put(e.site(), new Answer(e.accepted(), e.refusal(), e.samples()));
    return new StudyState(
        s.created(),
        s.stage(),
        s.detail(),
        answers,
        s.history(),
        s.current(),
        s.models(),
        s.exponents(),
        s.abandoned(),
        s.events(),
        s.blames(),
        s.lates());
  }

  private static StudyState started(StudyState s, StudyEvent event) {
    if (s.stage() != Stage.AWAITING) {
      throw illegal(s, event);
    }
    return staged(s, Stage.RUNNING, "");
  }

  private static StudyState paused(StudyState s, StudyEvent event, String detail) {
    return switch (s.stage()) {
      case RUNNING, MONITORING -> staged(s, Stage.PAUSED, detail);
      case AWAITING, PAUSED, COMPLETED, FAILED -> throw illegal(s, event);
    };
  }

  private static StudyState resumed(StudyState s, StudyEvent event) {
    if (s.stage() != Stage.PAUSED) {
      throw illegal(s, event);
    }
    return counted(staged(s, s.roundsDone() ? Stage.MONITORING : Stage.RUNNING, ""), 0);
  }

  private static StudyState ended(StudyState s, Ended e) {
    boolean done = s.roundsDone() && s.current().isEmpty();
    if (over(s) || (e.completed() && !done)) {
      throw illegal(s, e);
    }
    List<RoundState> history = new ArrayList<>(s.history());
    s.current().ifPresent(open -> history.add(cut(open, e)));
    return placed(
        staged(s, e.completed() ? Stage.COMPLETED : Stage.FAILED, e.detail()),
        history,
        Optional.empty());
  }

  private static RoundState cut(RoundState open, Ended e) {
    return switch (open) {
      case Collecting c -> new Abandoned(c.opening(), c.accepted(), e.detail(), e.at(), false);
      case Unmasking u -> new Abandoned(u.opening(), u.accepted(), e.detail(), e.at(), true);
      case Aggregating a ->
          new Abandoned(a.opening(), a.accepted(), e.detail(), e.at(), a.opening().masked());
      case Validating v ->
          new Closed(v.opening(), v.accepted(), v.model(), v.published(), v.reports(), e.at());
      case Watching w -> new Watched(w.window(), w.model(), w.opened(), w.reports(), e.at());
      case Closed _, Abandoned _, Watched _ -> open;
    };
  }

  private static StudyState roundOpened(StudyState s, Opening opening, StudyEvent event) {
    if (s.stage() != Stage.RUNNING
        || s.current().isPresent()
        || opening.number() != s.roundsOver() + 1
        || opening.attempt() != s.nextAttempt()) {
      throw illegal(s, event);
    }
    return placed(s, s.history(), Optional.of(RoundMachine.open(opening)));
  }

  private static StudyState windowOpened(StudyState s, WindowOpened e) {
    if (s.stage() != Stage.MONITORING
        || s.current().isPresent()
        || e.window() != s.windowsClosed() + 1) {
      throw illegal(s, e);
    }
    return placed(s, s.history(), Optional.of(RoundMachine.open(e)));
  }

  private static StudyState inRound(StudyState s, RoundEvent e, StudyEvent event) {
    if (s.current().isEmpty()) {
      throw illegal(s, event);
    }
    RoundState next = RoundMachine.next(s.current().orElseThrow(), e);
    StudyState after = e instanceof ModelPublished published ? published(s, published, next) : s;
    if (!next.over()) {
      return placed(after, after.history(), Optional.of(next));
    }
    List<RoundState> history = new ArrayList<>(after.history());
    history.add(next);
    StudyState closed = placed(after, history, Optional.empty());
    return switch (next) {
      case Closed c -> counted(scored(roundsOver(closed), c), 0);
      case Abandoned a -> abandoned(closed, a);
      case Watched _, Collecting _, Unmasking _, Aggregating _, Validating _, Watching _ -> closed;
    };
  }

  private static StudyState published(StudyState s, ModelPublished e, RoundState next) {
    List<Published> models = new ArrayList<>(s.models());
    Instant at = e.at();
    models.add(
        new Published(
            e.place().number(),
            e.model(),
            next.start().map(o -> o.base().version()),
            Optional.empty(),
            Optional.empty(),
            at,
            e.moments(),
            e.handlings()));
    StudyState after =
        new StudyState(
            s.created(),
            s.stage(),
            s.detail(),
            s.answers(),
            s.history(),
            s.current(),
            models,
            e.nextExponents(),
            s.abandoned(),
            s.events(),
            s.blames(),
            s.lates());
    return s.stage() == Stage.RUNNING
        ? Exclusions.question(after).map(why -> staged(after, Stage.PAUSED, why)).orElse(after)
        : after;
  }

  private static StudyState scored(StudyState s, Closed closed) {
    List<Published> models = new ArrayList<>(s.models());
    Published last = models.removeLast();
    models.add(
        new Published(
            last.round(),
            last.model(),
            last.parent(),
            ReportScore.of(s.plan().select(), closed.reports().values()),
            ReportScore.of("loss", closed.reports().values()),
            last.at(),
            last.moments(),
            last.handlings()));
    return new StudyState(
        s.created(),
        s.stage(),
        s.detail(),
        s.answers(),
        s.history(),
        s.current(),
        models,
        s.exponents(),
        s.abandoned(),
        s.events(),
        s.blames(),
        s.lates());
  }

  private static StudyState roundsOver(StudyState s) {
    return s.stage() == Stage.RUNNING && s.roundsDone() ? staged(s, Stage.MONITORING, "") : s;
  }

  private static StudyState abandoned(StudyState s, Abandoned a) {
    StudyState counted = counted(roundsOver(s), s.abandoned() + 1);
    return counted.abandoned() >= ABANDONED_MAX && s.stage() == Stage.RUNNING
        ? staged(
            counted,
            Stage.PAUSED,
            "round %d was abandoned %d times in a row; the last time: %s"
                .formatted(a.opening().number(), counted.abandoned(), a.detail()))
        : counted;
  }

  private static StudyState staged(StudyState s, Stage stage, String detail) {
    return new StudyState(
        s.created(),
        stage,
        detail,
        s.answers(),
        s.history(),
        s.current(),
        s.models(),
        s.exponents(),
        s.abandoned(),
        s.events(),
        s.blames(),
        s.lates());
  }

  private static StudyState counted(StudyState s, int abandoned) {
    return new StudyState(
        s.created(),
        s.stage(),
        s.detail(),
        s.answers(),
        s.history(),
        s.current(),
        s.models(),
        s.exponents(),
        abandoned,
        s.events(),
        s.blames(),
        s.lates());
  }

  private static StudyState placed(
      StudyState s, List<RoundState> history, Optional<RoundState> current) {
    return new StudyState(
        s.created(),
        s.stage(),
        s.detail(),
        s.answers(),
        history,
        current,
        s.models(),
        s.exponents(),
        s.abandoned(),
        s.events(),
        s.blames(),
        s.lates());
  }

  private static IllegalStateException illegal(StudyState state, StudyEvent event) {
    return new IllegalStateException(
        "study %s: %s cannot happen while %s"
            .formatted(
                state.plan().study(), event.getClass().getSimpleName(), state.stage().name()));
  }
}
