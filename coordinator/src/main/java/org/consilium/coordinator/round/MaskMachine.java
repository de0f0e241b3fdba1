package org.consilium.coordinator.round;

import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.consilium.coordinator.round.MaskEvent.DealerBlamed;
import org.consilium.coordinator.round.MaskEvent.Kind;
import org.consilium.coordinator.round.MaskEvent.MaskPhaseClosed;
import org.consilium.coordinator.round.MaskEvent.MaskTaken;
import org.consilium.coordinator.round.MaskEvent.SharesRefused;
import org.consilium.coordinator.round.MaskEvent.SumRefused;
import org.consilium.coordinator.round.Masking.Phase;
import org.consilium.coordinator.round.RoundEvent.Accepted;
import org.consilium.coordinator.round.RoundState.Abandoned;
import org.consilium.coordinator.round.RoundState.Aggregating;
import org.consilium.coordinator.round.RoundState.Closed;
import org.consilium.coordinator.round.RoundState.Collecting;
import org.consilium.coordinator.round.RoundState.Unmasking;
import org.consilium.coordinator.round.RoundState.Validating;
import org.consilium.coordinator.round.RoundState.Watched;
import org.consilium.coordinator.round.RoundState.Watching;
import org.consilium.protocol.SiteId;

/**
 * The masking part of {@link RoundMachine}: keys, shares, then updates of those who shared, then
 * the survivors' consent, then the shares that free their sum. Once a site may have consented to
 * survivors, the attempt ends with these or not at all, and its round is burnt: no other set of the
 * same deltas is ever summed.
 */
public final class MaskMachine {
  private static final Duration SETUP_MAX = Duration.ofMinutes(5);

  private MaskMachine() {}

  static Masking open(Opening opening) {
    return opening.masked()
        ? Masking.keying(opening.opened().plus(setup(opening)))
        : Masking.off(opening.opened());
  }

  /** How long a phase of the set-up waits for sites that are late. */
  static Duration setup(Opening opening) {
    Duration quarter = Duration.between(opening.opened(), opening.deadline()).dividedBy(4);
    return quarter.compareTo(SETUP_MAX) < 0 ? quarter : SETUP_MAX;
  }

  static RoundState collecting(Collecting s, MaskEvent event) {
    Masking masking = s.masking();
    return switch (event) {
      case MaskTaken(Instant at, var place, SiteId site, Kind kind, var message)
          when place.equals(s.place()) && expects(s, site, kind) ->
          RoundMachine.settled(s.with(masking.with(kind, site, message)), at);
      case DealerBlamed(_, var place, SiteId site, _, _, var message)
          when place.equals(s.place()) && expects(s, site, Kind.COMPLAINT) ->
          s.with(masking.with(Kind.COMPLAINT, site, message));
      case MaskPhaseClosed(Instant at, var place, Kind phase)
          when place.equals(s.place()) && masking.phase() == phase(phase) ->
          RoundMachine.settled(s.declining(late(s, masking.of(phase).keySet()), "LATE_MASK"), at);
      case MaskTaken _, MaskPhaseClosed _, SharesRefused _, SumRefused _, DealerBlamed _ ->
          throw RoundMachine.illegal(s, event);
    };
  }

  /** Whether a site owes this message in this state. */
  public static boolean expects(RoundState state, SiteId site, Kind kind) {
    return switch (state) {
      case Collecting s -> expects(s, site, kind);
      case Unmasking s -> expects(s, site, kind);
      case Aggregating s -> s.opening().masked() && expects(unmasking(s), site, kind);
      case Validating _, Closed _, Abandoned _, Watching _, Watched _ -> false;
    };
  }

  private static boolean expects(Collecting s, SiteId site, Kind kind) {
    Masking masking = s.masking();
    if (kind == Kind.COMPLAINT) { // also of a site that has declined for it a moment ago
      return masking.phase() == Phase.UPLOADS
          && masking.parcels().containsKey(site)
          && !s.accepted().containsKey(site)
          && !masking.complaints().containsKey(site);
    }
    boolean listed = masking.phase() != Phase.SHARES || masking.keys().containsKey(site);
    return (kind == Kind.KEYS || kind == Kind.PARCELS)
        && masking.phase() == phase(kind)
        && s.awaits(site)
        && listed
        && !masking.of(kind).containsKey(site);
  }

  private static Phase phase(Kind kind) {
    return switch (kind) {
      case KEYS -> Phase.KEYS;
      case PARCELS -> Phase.SHARES;
      case CONSENT -> Phase.CONSENT;
      case RELEASE -> Phase.RELEASE;
      case COMPLAINT -> Phase.UPLOADS;
    };
  }

  private static Set<SiteId> late(Collecting s, Set<SiteId> came) {
    Set<SiteId> late = new TreeSet<>(s.opening().sites());
    late.removeAll(s.declined().keySet());
    late.removeAll(came);
    return late;
  }

  /** The set-up's next phase as soon as all who take part have sent what this one asks for. */
  static Collecting advanced(Collecting s, Instant at) {
    Masking masking = s.masking();
    Set<SiteId> gone = s.declined().keySet();
    Instant end = at.plus(setup(s.opening()));
    return switch (masking.phase()) {
      case KEYS ->
          late(s, masking.keys().keySet()).isEmpty()
              ? s.with(masking.next(Phase.SHARES, end, gone))
              : s;
      case SHARES ->
          late(s, masking.parcels().keySet()).isEmpty()
              ? s.with(masking.next(Phase.UPLOADS, end, gone))
              : s;
      case OFF, UPLOADS, CONSENT, RELEASE -> s;
    };
  }

  /** All updates are in: their sites are asked to consent to exactly this set. */
  static Unmasking unmasking(Collecting s, Instant at) {
    Duration wait = Duration.between(s.opening().opened(), s.opening().deadline());
    Masking consenting = s.masking().next(Phase.CONSENT, at.plus(wait), Set.of());
    return new Unmasking(s.opening(), s.accepted(), s.declined(), consenting);
  }

  static RoundState unmasking(Unmasking s, MaskEvent event) {
    Masking masking = s.masking();
    return switch (event) {
      case MaskTaken(Instant _, var place, SiteId site, Kind kind, var message)
          when place.equals(s.place()) && expects(s, site, kind) ->
          moved(s, masking.with(kind, site, message));
      case MaskTaken _, MaskPhaseClosed _, SharesRefused _, SumRefused _, DealerBlamed _ ->
          throw RoundMachine.illegal(s, event);
    };
  }

  /** Consents may go on coming while shares are released: a late one changes nothing. */
  private static boolean expects(Unmasking s, SiteId site, Kind kind) {
    Masking masking = s.masking();
    boolean phase =
        switch (kind) {
          case CONSENT -> true;
          case RELEASE -> masking.phase() == Phase.RELEASE;
          case KEYS, PARCELS, COMPLAINT -> false;
        };
    return phase && s.accepted().containsKey(site) && !masking.of(kind).containsKey(site);
  }

  private static RoundState moved(Unmasking s, Masking masking) {
    int threshold = s.opening().threshold();
    Masking next =
        masking.phase() == Phase.CONSENT && masking.consents().size() >= threshold
            ? masking.next(Phase.RELEASE, masking.until(), Set.of())
            : masking;
    return next.usable() >= threshold
        ? new Aggregating(s.opening(), s.accepted(), s.declined(), 0, next)
        : new Unmasking(s.opening(), s.accepted(), s.declined(), next);
  }

  static RoundState aggregating(Aggregating s, MaskEvent event) {
    return switch (event) {
      case SharesRefused(Instant at, var place, var sites) when place.equals(s.place()) -> {
        Masking masking = s.masking().refusing(Set.copyOf(sites));
        long left =
            s.accepted().keySet().stream().filter(v -> !masking.refused().contains(v)).count();
        yield left < s.opening().threshold()
            ? burnt(s.opening(), s.accepted(), "wrong shares from " + masking.refused(), at)
            : moved(new Unmasking(s.opening(), s.accepted(), s.declined(), masking), masking);
      }
      case SumRefused(Instant at, var place, String detail) when place.equals(s.place()) ->
          burnt(s.opening(), s.accepted(), detail, at);
      case MaskTaken(Instant _, var place, SiteId site, Kind kind, var message)
          when place.equals(s.place()) && expects(unmasking(s), site, kind) ->
          new Aggregating(
              s.opening(),
              s.accepted(),
              s.declined(),
              s.losses(),
              s.masking().with(kind, site, message));
      case MaskTaken _, MaskPhaseClosed _, SharesRefused _, SumRefused _, DealerBlamed _ ->
          throw RoundMachine.illegal(s, event);
    };
  }

  private static Unmasking unmasking(Aggregating s) {
    return new Unmasking(s.opening(), s.accepted(), s.declined(), s.masking());
  }

  static Abandoned burnt(
      Opening opening, SortedMap<SiteId, Accepted> accepted, String detail, Instant at) {
    return new Abandoned(opening, new TreeMap<>(accepted), detail, at, true);
  }

  /** Nobody waits any longer; some may have signed, so the round is over with it. */
  static Abandoned overdue(Unmasking s, Instant at) {
    Masking masking = s.masking();
    String detail =
        "unmasking: %d of at least %d consents, %d usable shares of %d survivors"
            .formatted(
                masking.consents().size(),
                s.opening().threshold(),
                masking.usable(),
                s.accepted().size());
    return burnt(s.opening(), s.accepted(), detail, at);
  }
}
