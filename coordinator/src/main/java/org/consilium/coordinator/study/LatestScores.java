package org.consilium.coordinator.study;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.ValidationReport;
import org.consilium.protocol.ValidationReport.Cases;
import org.consilium.protocol.ValidationReport.Measure;
import org.consilium.protocol.ValidationReport.Quantity;
import org.consilium.protocol.ValidationReport.Subject;

/**
 * What each centre said last of every quantity, and of all: kept as rounds go on, so that nobody
 * has to look through a thousand of them for it. Immutable.
 */
public final class LatestScores {
  /** Nobody has said anything. */
  public static final LatestScores NONE = new LatestScores(Map.of());

  private final Map<SiteId, Centre> centres;

  private LatestScores(Map<SiteId, Centre> centres) {
    this.centres = centres;
  }

  private record Asked(Subject subject, Quantity quantity) {}

  private record Centre(
      ValidationReport report, Optional<Subject> kept, Map<Asked, Measure> measures) {}

  /** The same after one more round. */
  LatestScores and(Map<SiteId, ValidationReport> reports) {
    if (reports.isEmpty()) {
      return this;
    }
    Map<SiteId, Centre> next = new HashMap<>(centres);
    reports.forEach((site, report) -> next.merge(site, first(report), LatestScores::later));
    return new LatestScores(next);
  }

  /** A centre's newest hold-out number. */
  Optional<Measure> find(SiteId site, Subject subject, Quantity quantity) {
    return Optional.ofNullable(centres.get(site))
        .map(c -> c.measures().get(new Asked(subject, quantity)));
  }

  /** A centre's newest report. */
  public Optional<ValidationReport> report(SiteId site) {
    return Optional.ofNullable(centres.get(site)).map(Centre::report);
  }

  /** The model that a centre said last that it keeps. */
  Optional<Subject> kept(SiteId site) {
    return Optional.ofNullable(centres.get(site)).flatMap(Centre::kept);
  }

  private static Centre first(ValidationReport report) {
    Map<Asked, Measure> measures = new HashMap<>();
    for (Measure measure : report.measures()) {
      if (measure.cases() == Cases.HOLDOUT) {
        // The first of equals, as a report is read elsewhere.
        var _ = measures.putIfAbsent(new Asked(measure.subject(), measure.quantity()), measure);
      }
    }
    return new Centre(report, report.kept(), measures);
  }

  private static Centre later(Centre before, Centre now) {
    Map<Asked, Measure> measures = new HashMap<>(before.measures());
    measures.putAll(now.measures());
    return new Centre(now.report(), now.kept().or(before::kept), measures);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof LatestScores l && centres.equals(l.centres);
  }

  @Override
  public int hashCode() {
    return centres.hashCode();
  }
}
