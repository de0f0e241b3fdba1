package org.consilium.site.policy;

import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Optional;
import org.consilium.protocol.Digest;
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
 */
public record Approval(
    Subject subject, boolean granted, int minSites, int roundsPerDay, Optional<LocalDate> until) {

  public Approval {
    if (minSites < SitePolicy.MIN_SITES || minSites > SitePolicy.MAX_SITES) {
      throw new IllegalArgumentException(
          "minSites must be %d-%d, got %d"
              .formatted(SitePolicy.MIN_SITES, SitePolicy.MAX_SITES, minSites));
    }
    if (roundsPerDay < 1) {
      throw new IllegalArgumentException("roundsPerDay must be positive, got " + roundsPerDay);
    }
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
