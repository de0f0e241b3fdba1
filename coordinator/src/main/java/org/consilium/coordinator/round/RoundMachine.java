package org.consilium.coordinator.round;

import java.time.Instant;
import java.util.SortedMap;
import java.util.TreeMap;
import org.consilium.coordinator.round.RoundEvent.DeadlinePassed;
import org.consilium.coordinator.round.RoundEvent.ModelPublished;
import org.consilium.coordinator.round.RoundEvent.Place;
import org.consilium.coordinator.round.RoundEvent.ReportAccepted;
import org.consilium.coordinator.round.RoundEvent.RuleUnmet;
import org.consilium.coordinator.round.RoundEvent.SiteDeclined;
import org.consilium.coordinator.round.RoundEvent.SiteRemoved;
import org.consilium.coordinator.round.RoundEvent.UpdateAccepted;
import org.consilium.coordinator.round.RoundEvent.UpdateLost;
import org.consilium.coordinator.round.RoundEvent.ValidationClosed;
import org.consilium.coordinator.round.RoundEvent.WindowClosed;
import org.consilium.coordinator.round.RoundState.Abandoned;
import org.consilium.coordinator.round.RoundState.Aggregating;
import org.consilium.coordinator.round.RoundState.Closed;
import org.consilium.coordinator.round.RoundState.Collecting;
import org.consilium.coordinator.round.RoundState.Unmasking;
import org.consilium.coordinator.round.RoundState.Validating;
import org.consilium.coordinator.round.RoundState.Watched;
import org.consilium.coordinator.round.RoundState.Watching;
import org.consilium.coordinator.round.StudyEvent.WindowOpened;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.ValidationReport;

/** How a round goes from one state to the next: pure, total, and the only place that decides it. */
public final class RoundMachine {
  /** Why a removed site does not deliver. */
  private static final String REVOKED = "REVOKED";

  private RoundMachine() {}

  /** A round just opened. */
  public static RoundState open(Opening opening) {
    return new Collecting(opening, new TreeMap<>(), new TreeMap<>(), 0, MaskMachine.open(opening));
  }

  /** A monitoring window just opened. */
  public static RoundState open(WindowOpened event) {
    return new Watching(
        event.window(),
        event.model(),
        event.sites(),
        event.at(),
        event.deadline(),
        new TreeMap<>());
  }

  /**
   * The state after an event.
   *
   * @throws IllegalStateException if the event cannot happen in this state; the journal never holds
   *     such an event, so replay never meets one
   */
  public static RoundState next(RoundState state, RoundEvent event) {
    return switch (state) {
      case Collecting s -> collecting(s, event);
      case Unmasking s -> unmasking(s, event);
      case Aggregating s -> aggregating(s, event);
      case Validating s -> validating(s, event);
      case Watching s -> watching(s, event);
      case Closed _, Abandoned _, Watched _ -> throw illegal(state, event);
    };
  }

  private static RoundState collecting(Collecting s, RoundEvent event) {
    return switch (event) {
      case UpdateAccepted(Instant at, Place place, var update)
          when place.equals(s.place())
              && s.awaits(update.site())
              && s.masking().lets(update.site()) -> {
        var accepted = with(s.accepted(), update.site(), update);
        yield settled(s.with(accepted, s.declined()), at);
      }
      case SiteDeclined(Instant at, Place place, SiteId site, String refusal)
          when place.equals(s.place()) && s.awaits(site) -> {
        var declined = with(s.declined(), site, refusal);
        yield settled(s.with(s.accepted(), declined), at);
      }
      case SiteRemoved(Instant at, Place place, SiteId site)
          when place.equals(s.place())
              && s.opening().member(site).isPresent()
              && !s.declined().containsKey(site) -> {
        var declined = with(s.declined(), site, REVOKED);
        var rest = without(s.accepted(), site);
        yield settled(s.with(rest, declined), at);
      }
      case UpdateLost(_, Place place, SiteId site, _, Instant deadline)
          when place.equals(s.place()) && s.accepted().containsKey(site) ->
          again(s, site, deadline);
      case DeadlinePassed(Instant at, Place place) when place.equals(s.place()) ->
          s.accepted().size() >= s.opening().needed() ? complete(s, at) : tooFew(s, "deadline", at);
      case MaskEvent e -> MaskMachine.collecting(s, e);
      case UpdateAccepted _,
          SiteDeclined _,
          SiteRemoved _,
          UpdateLost _,
          DeadlinePassed _,
          ModelPublished _,
          RuleUnmet _,
          ReportAccepted _,
          ValidationClosed _,
          WindowClosed _ ->
          throw illegal(s, event);
    };
  }

  /** Asks a site for its update once more. */
  private static Collecting again(Collecting s, SiteId site, Instant deadline) {
    return new Collecting(
        s.opening().until(deadline),
        without(s.accepted(), site),
        s.declined(),
        s.losses() + 1,
        s.masking());
  }

  private static Collecting reopened(Aggregating s) {
    return new Collecting(s.opening(), s.accepted(), s.declined(), s.losses(), s.masking());
  }

  /** Ends the collection early when nobody is left to wait for, or the quorum is out of reach. */
  static RoundState settled(Collecting s, Instant at) {
    int asked = s.opening().members().size();
    if (asked - s.declined().size() < s.opening().needed()) {
      return tooFew(s, "sites declined", at);
    }
    return s.accepted().size() + s.declined().size() == asked
        ? complete(s, at)
        : MaskMachine.advanced(s, at);
  }

  private static RoundState complete(Collecting s, Instant at) {
    return s.opening().masked()
        ? MaskMachine.unmasking(s, at)
        : new Aggregating(s.opening(), s.accepted(), s.declined(), s.losses(), s.masking());
  }

  private static RoundState tooFew(Collecting s, String why, Instant at) {
    String detail =
        "%s: %d of at least %d updates, %d sites asked, %d declined"
            .formatted(
                why,
                s.accepted().size(),
                s.opening().needed(),
                s.opening().members().size(),
                s.declined().size());
    return new Abandoned(s.opening(), s.accepted(), detail, at, false);
  }

  private static RoundState unmasking(Unmasking s, RoundEvent event) {
    return switch (event) {
      case MaskEvent e -> MaskMachine.unmasking(s, e);
      case DeadlinePassed(Instant at, Place place) when place.equals(s.place()) ->
          MaskMachine.overdue(s, at);
      case UpdateAccepted _,
          SiteDeclined _,
          SiteRemoved _,
          UpdateLost _,
          DeadlinePassed _,
          ModelPublished _,
          RuleUnmet _,
          ReportAccepted _,
          ValidationClosed _,
          WindowClosed _ ->
          throw illegal(s, event);
    };
  }

  private static RoundState aggregating(Aggregating s, RoundEvent event) {
    return switch (event) {
      case ModelPublished(Instant at, Place place, var model, _, _, _, Instant deadline)
          when place.equals(s.place()) ->
          new Validating(s.opening(), s.accepted(), model, at, deadline, new TreeMap<>());
      case RuleUnmet(Instant at, Place place, String detail) when place.equals(s.place()) ->
          new Abandoned(s.opening(), s.accepted(), "robust rule not met: " + detail, at, false);
      case SiteRemoved(Instant at, Place place, SiteId site)
          when place.equals(s.place())
              && s.accepted().containsKey(site)
              && !s.opening().masked() -> {
        var declined = with(s.declined(), site, REVOKED);
        var rest = without(s.accepted(), site);
        yield rest.size() >= s.opening().quorum()
            ? new Aggregating(s.opening(), rest, declined, s.losses(), s.masking())
            : tooFew(reopened(s).with(rest, declined), "sites removed", at);
      }
      case UpdateLost(Instant at, Place place, SiteId site, String detail, Instant deadline)
          when place.equals(s.place()) && s.accepted().containsKey(site) ->
          s.opening().masked()
              ? MaskMachine.burnt(
                  s.opening(), s.accepted(), "update of site %s: %s".formatted(site, detail), at)
              : again(reopened(s), site, deadline);
      case MaskEvent e when s.opening().masked() -> MaskMachine.aggregating(s, e);
      case UpdateAccepted _,
          SiteDeclined _,
          SiteRemoved _,
          UpdateLost _,
          DeadlinePassed _,
          ModelPublished _,
          RuleUnmet _,
          ReportAccepted _,
          ValidationClosed _,
          WindowClosed _,
          MaskEvent _ ->
          throw illegal(s, event);
    };
  }

  private static RoundState validating(Validating s, RoundEvent event) {
    return switch (event) {
      case ReportAccepted(Instant at, SiteId site, var report)
          when report.window() == 0
              && report.round().number() == s.opening().number()
              && s.awaits(site) -> {
        var reports = with(s.reports(), site, report);
        yield reports.size() == s.opening().members().size()
            ? closed(s, reports, at)
            : new Validating(
                s.opening(), s.accepted(), s.model(), s.published(), s.deadline(), reports);
      }
      case ValidationClosed(Instant at, int number) when number == s.opening().number() ->
          closed(s, s.reports(), at);
      case UpdateAccepted _,
          SiteDeclined _,
          SiteRemoved _,
          UpdateLost _,
          DeadlinePassed _,
          ModelPublished _,
          RuleUnmet _,
          ReportAccepted _,
          ValidationClosed _,
          WindowClosed _,
          MaskEvent _ ->
          throw illegal(s, event);
    };
  }

  private static RoundState watching(Watching s, RoundEvent event) {
    return switch (event) {
      case ReportAccepted(Instant at, SiteId site, var report)
          when report.window() == s.window() && s.awaits(site) -> {
        var reports = with(s.reports(), site, report);
        yield reports.size() == s.sites().size()
            ? watched(s, reports, at)
            : new Watching(s.window(), s.model(), s.sites(), s.opened(), s.deadline(), reports);
      }
      case WindowClosed(Instant at, int window) when window == s.window() ->
          watched(s, s.reports(), at);
      case UpdateAccepted _,
          SiteDeclined _,
          SiteRemoved _,
          UpdateLost _,
          DeadlinePassed _,
          ModelPublished _,
          RuleUnmet _,
          ReportAccepted _,
          ValidationClosed _,
          WindowClosed _,
          MaskEvent _ ->
          throw illegal(s, event);
    };
  }

  private static Closed closed(
      Validating s, SortedMap<SiteId, ValidationReport> reports, Instant at) {
    return new Closed(s.opening(), s.accepted(), s.model(), s.published(), reports, at);
  }

  private static Watched watched(
      Watching s, SortedMap<SiteId, ValidationReport> reports, Instant at) {
    return new Watched(s.window(), s.model(), s.opened(), reports, at);
  }

  private static <V> SortedMap<SiteId, V> with(SortedMap<SiteId, V> map, SiteId site, V value) {
    SortedMap<SiteId, V> more = new TreeMap<>(map);
    more.put(site, value);
    return more;
  }

  private static <V> SortedMap<SiteId, V> without(SortedMap<SiteId, V> map, SiteId site) {
    SortedMap<SiteId, V> fewer = new TreeMap<>(map);
    fewer.remove(site);
    return fewer;
  }

  static IllegalStateException illegal(RoundState state, RoundEvent event) {
    return new IllegalStateException(
        "%s cannot happen in state %s"
            .formatted(event.getClass().getSimpleName(), state.getClass().getSimpleName()));
  }
}
