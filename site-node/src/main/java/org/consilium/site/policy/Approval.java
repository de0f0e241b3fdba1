package org.consilium.site.policy;

import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Optional;
import org.consilium.protocol.Digest;
import org.consilium.protocol.Limits;
import org.consilium.protocol.StudyId;
import org.consilium.protocol.StudyPlan;

/**
 * One consent, or one denial, of the hospital.
 *
 * @param subject which study
 * @param granted whether it is a consent
 * @param minSites fewest participants
 * @param roundsPerDay most training rounds in 24 hours
 * @param until last day on which it holds, UTC; empty is no end
 * @param givenUnder digest of the policy file that held when it was given; it goes on to bind
 * @param reason why, for people here; it never leaves
 */
public record Approval(
    Subject subject,
    boolean granted,
    int minSites,
    int roundsPerDay,
    Optional<LocalDate> until,
    Optional<Digest> givenUnder,
    Optional<String> reason) {

  public Approval {
    if (minSites < SitePolicy.MIN_SITES || minSites > SitePolicy.MAX_SITES) {
      throw new IllegalArgumentException(
          "minSites must be %d-%d, got %d"
              .formatted(SitePolicy.MIN_SITES, SitePolicy.MAX_SITES, minSites));
    }
    if (roundsPerDay < 1) {
      throw new IllegalArgumentException("roundsPerDay must be positive, got " + roundsPerDay);
    }
    if (reason.isPresent() && reason.get().length() > Limits.TEXT_CHARS_MAX) {
      throw new IllegalArgumentException(
          "reason must have at most %d characters".formatted(Limits.TEXT_CHARS_MAX));
    }
  }

  /** A decision that is not yet bound to a policy file; recording it binds it. */
  public Approval(
      Subject subject, boolean granted, int minSites, int roundsPerDay, Optional<LocalDate> until) {
    this(subject, granted, minSites, roundsPerDay, until, Optional.empty(), Optional.empty());
  }

  /** What a consent is bound to. */
  public sealed interface Subject {
    /** Exactly these settings: any change asks again. */
    record Exact(StudyId study, Digest digest) implements Subject {}

    /** Whatever bears this name; for demonstrations and pilots. */
    record Named(StudyId study) implements Subject {}

    /** Every study; for demonstrations. */
    record Any() implements Subject {}
  }

  Approval under(Digest policy) {
    return new Approval(
        subject, granted, minSites, roundsPerDay, until, Optional.of(policy), reason);
  }

  /** The same with a reason. */
  public Approval because(Optional<String> words) {
    return new Approval(subject, granted, minSites, roundsPerDay, until, givenUnder, words);
  }

  boolean covers(StudyPlan plan, Digest digest) {
    return switch (subject) {
      case Subject.Exact(StudyId study, Digest approved) ->
          study.equals(plan.study()) && approved.equals(digest);
      case Subject.Named(StudyId study) -> study.equals(plan.study());
      case Subject.Any() -> true;
    };
  }

  boolean holdsAt(Instant now) {
    return until
        .map(day -> now.isBefore(day.plusDays(1).atStartOfDay(ZoneOffset.UTC).toInstant()))
        .orElse(true);
  }
}
