package org.consilium.site.policy;

import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.consilium.protocol.Digest;

/**
 * What the hospital's policy file says, whatever the study; immutable. An empty set or list is no
 * bound: the file's reader refuses an empty list, so that only a key that is left out means that.
 *
 * @param company who must take part
 * @param content what a study may be
 * @param volume how much may leave, and how finely
 * @param privacy the noise that is demanded; empty demands none
 * @param hours when tasks may run
 * @param validity days on which the policy holds
 */
public record HouseRules(
    Company company,
    Content content,
    Volume volume,
    Optional<PrivacyFloor> privacy,
    Hours hours,
    Validity validity) {

  /** A window that a change of the clocks skips is there again the next day. */
  private static final int MINUTES_AHEAD = 2 * 24 * 60;

  /** What a policy file without any key says. */
  static final HouseRules DEFAULT =
      new HouseRules(
          new Company(SitePolicy.MIN_SITES, Set.of(), 0),
          new Content(
              Set.of("masked", "sealed"),
              Set.of(),
              Set.of(),
              Set.of(),
              Set.of(),
              Set.of(),
              List.of()),
          new Volume(
              SitePolicy.UPDATE_BYTES_PER_DAY,
              SitePolicy.UPDATE_BYTES_PER_DAY,
              SitePolicy.ROUNDS_PER_DAY,
              SitePolicy.SMALL_CELL_MIN,
              SitePolicy.COHORT_QUERIES_PER_DAY),
          Optional.empty(),
          new Hours(ZoneOffset.UTC, List.of(), Hours.AtClose.PAUSE, true),
          new Validity(Optional.empty(), Optional.empty()));

  /**
   * Who must take part.
   *
   * @param minSites fewest participants
   * @param known names of sites that this hospital knows
   * @param knownAtLeast fewest known participants; 0 with known names: more than half
   */
  public record Company(int minSites, Set<String> known, int knownAtLeast) {
    public Company {
      known = Set.copyOf(known);
    }

    /** Fewest known sites among {@code participants}; 0 when no site is named. */
    int knownOf(int participants) {
      if (known.isEmpty()) {
        return 0;
      }
      return knownAtLeast > 0 ? knownAtLeast : participants / 2 + 1;
    }
  }

  /**
   * What a study may be.
   *
   * @param modes allowed protection modes, in lower case
   * @param tasks allowed kinds of question
   * @param allowedRules rules by which updates may be combined
   * @param forbiddenRules rules that are refused, whatever is allowed
   * @param architectures allowed models
   * @param foundations files from which a study may start
   * @param tensors patterns of names of tensors that may travel, {@code *} is any text
   */
  public record Content(
      Set<String> modes,
      Set<String> tasks,
      Set<String> allowedRules,
      Set<String> forbiddenRules,
      Set<String> architectures,
      Set<Digest> foundations,
      List<String> tensors) {
    public Content {
      modes = Set.copyOf(modes);
      tasks = Set.copyOf(tasks);
      allowedRules = Set.copyOf(allowedRules);
      forbiddenRules = Set.copyOf(forbiddenRules);
      architectures = Set.copyOf(architectures);
      foundations = Set.copyOf(foundations);
      tensors = List.copyOf(tensors);
    }
  }

  /**
   * How much may leave, and how finely.
   *
   * @param updateBytesPerRound most bytes of one update
   * @param updateBytesPerDay most bytes of updates in 24 hours, over all studies
   * @param roundsPerDay most training rounds in 24 hours, for each study
   * @param smallCell counts from 1 to below this are never released; a study may demand more
   * @param cohortQueriesPerDay most counts of cases that are answered in 24 hours
   */
  public record Volume(
      long updateBytesPerRound,
      long updateBytesPerDay,
      int roundsPerDay,
      int smallCell,
      int cohortQueriesPerDay) {
    Volume strictest(Volume other) {
      return new Volume(
          Math.min(updateBytesPerRound, other.updateBytesPerRound),
          Math.min(updateBytesPerDay, other.updateBytesPerDay),
          Math.min(roundsPerDay, other.roundsPerDay),
          Math.max(smallCell, other.smallCell),
          Math.min(cohortQueriesPerDay, other.cohortQueriesPerDay));
    }
  }

  /**
   * The noise that is demanded of every study (differential privacy).
   *
   * @param maxEpsilon largest ε of the study for this site's cases
   * @param maxDelta largest δ
   * @param minNoise smallest noise multiplier σ of a step
   */
  public record PrivacyFloor(double maxEpsilon, double maxDelta, double minNoise) {}

  /**
   * When tasks may run.
   *
   * @param zone of the times
   * @param windows empty is always
   * @param atClose what becomes of training that is under way when they end
   * @param openingSaid whether the coordinator may be told when they begin again
   */
  public record Hours(ZoneId zone, List<Window> windows, AtClose atClose, boolean openingSaid) {
    public Hours {
      windows = List.copyOf(windows);
    }

    /** What becomes of training that is under way when the hours end. */
    public enum AtClose {
      /** It waits where it is until they begin again. */
      PAUSE,
      /** It is finished and sent. */
      FINISH
    }

    /** When the hours begin next, to the minute; now if they are open. */
    Instant opening(Instant now) {
      if (open(now)) {
        return now;
      }
      // Midnights and changes of the clocks included: the first minute of two days that is inside.
      Instant minute = now.truncatedTo(ChronoUnit.MINUTES);
      for (int i = 1; i <= MINUTES_AHEAD; i++) {
        minute = minute.plus(1, ChronoUnit.MINUTES);
        if (open(minute)) {
          return minute;
        }
      }
      throw new IllegalStateException("hours that never begin: " + windows);
    }

    boolean open(Instant now) {
      LocalTime time = LocalTime.ofInstant(now, zone);
      return windows.isEmpty() || windows.stream().anyMatch(w -> w.holds(time));
    }
  }

  /** From a time to before another, over midnight if it is the earlier one. */
  public record Window(LocalTime from, LocalTime to) {
    boolean holds(LocalTime time) {
      return from.isBefore(to)
          ? !time.isBefore(from) && time.isBefore(to)
          : !time.isBefore(from) || time.isBefore(to);
    }

    @Override
    public String toString() {
      return from + "-" + to;
    }
  }

  /** First and last day on which the policy holds, UTC; empty is no bound. */
  public record Validity(Optional<LocalDate> from, Optional<LocalDate> until) {
    boolean holdsAt(Instant now) {
      LocalDate day = LocalDate.ofInstant(now, ZoneOffset.UTC);
      return from.map(first -> !day.isBefore(first)).orElse(true)
          && until.map(last -> !day.isAfter(last)).orElse(true);
    }
  }
}
