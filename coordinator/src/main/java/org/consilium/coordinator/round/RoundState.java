package org.consilium.coordinator.round;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.consilium.coordinator.round.RoundEvent.Accepted;
import org.consilium.coordinator.round.RoundEvent.Place;
import org.consilium.coordinator.round.StudyEvent.Member;
import org.consilium.coordinator.round.StudyEvent.Model;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.ValidationReport;

/** Where one attempt at a round, or one monitoring window, stands. Immutable. */
public sealed interface RoundState {

  /** Whether nothing can happen to it any more. */
  default boolean over() {
    return switch (this) {
      case Collecting _, Unmasking _, Aggregating _, Validating _, Watching _ -> false;
      case Closed _, Abandoned _, Watched _ -> true;
    };
  }

  /** What it was opened with; empty for a monitoring window. */
  default Optional<Opening> start() {
    return switch (this) {
      case Collecting s -> Optional.of(s.opening());
      case Unmasking s -> Optional.of(s.opening());
      case Aggregating s -> Optional.of(s.opening());
      case Validating s -> Optional.of(s.opening());
      case Closed s -> Optional.of(s.opening());
      case Abandoned s -> Optional.of(s.opening());
      case Watching _, Watched _ -> Optional.empty();
    };
  }

  /** How far its masking is; empty where nothing is masked, and once it is over. */
  default Optional<Masking> masks() {
    Optional<Masking> masking =
        switch (this) {
          case Collecting s -> Optional.of(s.masking());
          case Unmasking s -> Optional.of(s.masking());
          case Aggregating s -> Optional.of(s.masking());
          case Validating _, Closed _, Abandoned _, Watching _, Watched _ -> Optional.empty();
        };
    return masking.filter(m -> m.phase() != Masking.Phase.OFF);
  }

  /** Updates taken in so far, by site. */
  default Map<SiteId, Accepted> updates() {
    return switch (this) {
      case Collecting s -> s.accepted();
      case Unmasking s -> s.accepted();
      case Aggregating s -> s.accepted();
      case Validating s -> s.accepted();
      case Closed s -> s.accepted();
      case Abandoned s -> s.accepted();
      case Watching _, Watched _ -> Map.of();
    };
  }

  /** Members whose update counts or is waited for, while that is not settled. */
  default List<Member> counting() {
    return switch (this) {
      case Collecting s ->
          s.opening().members().stream().filter(m -> !s.declined().containsKey(m.site())).toList();
      case Aggregating s when !s.opening().masked() ->
          s.opening().members().stream().filter(m -> s.accepted().containsKey(m.site())).toList();
      // A masked sum is of exactly those whose survivors agreed; nobody leaves it any more.
      case Aggregating _, Unmasking _, Validating _, Closed _, Abandoned _, Watching _, Watched _ ->
          List.of();
    };
  }

  /**
   * Updates are coming in.
   *
   * @param accepted by site, sorted
   * @param declined refusal by site, sorted
   * @param losses how often an accepted update had to be asked for again
   * @param masking how far the set-up of the masks is
   */
  record Collecting(
      Opening opening,
      SortedMap<SiteId, Accepted> accepted,
      SortedMap<SiteId, String> declined,
      int losses,
      Masking masking)
      implements RoundState {
    public Collecting {
      accepted = sorted(accepted);
      declined = sorted(declined);
    }

    /** Which attempt at which round. */
    public Place place() {
      return opening.place();
    }

    Collecting with(Masking further) {
      return new Collecting(opening, accepted, declined, losses, further);
    }

    Collecting with(SortedMap<SiteId, Accepted> updates, SortedMap<SiteId, String> refusals) {
      return new Collecting(opening, updates, refusals, losses, masking);
    }

    Collecting declining(Set<SiteId> sites, String refusal) {
      SortedMap<SiteId, String> more = new TreeMap<>(declined);
      sites.forEach(site -> more.put(site, refusal));
      return with(accepted, more);
    }

    /** Whether the site was asked and has neither delivered nor declined. */
    public boolean awaits(SiteId site) {
      return opening.member(site).isPresent()
          && !accepted.containsKey(site)
          && !declined.containsKey(site);
    }
  }

  /**
   * Masked updates are complete; their sites agree on exactly these and release the shares that
   * free their sum.
   */
  record Unmasking(
      Opening opening,
      SortedMap<SiteId, Accepted> accepted,
      SortedMap<SiteId, String> declined,
      Masking masking)
      implements RoundState {
    public Unmasking {
      accepted = sorted(accepted);
      declined = sorted(declined);
    }

    /** Which attempt at which round. */
    public Place place() {
      return opening.place();
    }
  }

  /** Updates are complete; the next version is being made of exactly these. */
  record Aggregating(
      Opening opening,
      SortedMap<SiteId, Accepted> accepted,
      SortedMap<SiteId, String> declined,
      int losses,
      Masking masking)
      implements RoundState {
    public Aggregating {
      accepted = sorted(accepted);
      declined = sorted(declined);
    }

    /** Which attempt at which round. */
    public Place place() {
      return opening.place();
    }
  }

  /**
   * The next version is published; its reports are coming in.
   *
   * @param model the version
   * @param published when
   * @param deadline when late reports stop counting
   */
  record Validating(
      Opening opening,
      SortedMap<SiteId, Accepted> accepted,
      Model model,
      Instant published,
      Instant deadline,
      SortedMap<SiteId, ValidationReport> reports)
      implements RoundState {
    public Validating {
      accepted = sorted(accepted);
      reports = sorted(reports);
    }

    /** Whether the site was asked and has not reported. */
    public boolean awaits(SiteId site) {
      return opening.member(site).isPresent() && !reports.containsKey(site);
    }
  }

  /** The round counted. */
  record Closed(
      Opening opening,
      SortedMap<SiteId, Accepted> accepted,
      Model model,
      Instant published,
      SortedMap<SiteId, ValidationReport> reports,
      Instant closed)
      implements RoundState {
    public Closed {
      accepted = sorted(accepted);
      reports = sorted(reports);
    }
  }

  /**
   * The attempt came to nothing.
   *
   * @param burnt whether the round is over with it, because sites may have released shares for a
   *     sum of its deltas and must not for another one
   */
  record Abandoned(
      Opening opening,
      SortedMap<SiteId, Accepted> accepted,
      String detail,
      Instant closed,
      boolean burnt)
      implements RoundState {
    public Abandoned {
      accepted = sorted(accepted);
    }
  }

  /** A monitoring window; its reports are coming in. */
  record Watching(
      int window,
      Model model,
      List<SiteId> sites,
      Instant opened,
      Instant deadline,
      SortedMap<SiteId, ValidationReport> reports)
      implements RoundState {
    public Watching {
      sites = List.copyOf(sites);
      reports = sorted(reports);
    }

    /** Whether the site was asked and has not reported. */
    public boolean awaits(SiteId site) {
      return sites.contains(site) && !reports.containsKey(site);
    }
  }

  /** A monitoring window that is over. */
  record Watched(
      int window,
      Model model,
      Instant opened,
      SortedMap<SiteId, ValidationReport> reports,
      Instant closed)
      implements RoundState {
    public Watched {
      reports = sorted(reports);
    }
  }

  private static <V> SortedMap<SiteId, V> sorted(Map<SiteId, V> map) {
    return java.util.Collections.unmodifiableSortedMap(new TreeMap<>(map));
  }
}
