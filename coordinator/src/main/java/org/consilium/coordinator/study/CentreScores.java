package org.consilium.coordinator.study;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.consilium.coordinator.study.StudySnapshot.RoundSummary;
import org.consilium.coordinator.study.StudySnapshot.SiteStatus;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.ValidationReport;
import org.consilium.protocol.ValidationReport.Cases;
import org.consilium.protocol.ValidationReport.Measure;
import org.consilium.protocol.ValidationReport.Quantity;
import org.consilium.protocol.ValidationReport.Subject;

/** Per-centre readings of a snapshot that the page, the metrics and the model card share. */
public final class CentreScores {
  private CentreScores() {}

  /** What a study's models are compared by, whatever chooses the best. */
  public static Quantity measure(StudyPlan plan) {
    return switch (plan.task().type()) {
      case CLASSIFICATION, MULTILABEL, IMAGE_TEXT -> Quantity.AUROC;
      case SEGMENTATION -> Quantity.DICE;
      case MASKED, CONTRASTIVE -> Quantity.LOG_LOSS;
    };
  }

  /** The model that a centre said last that it keeps. */
  public static Optional<Subject> kept(StudySnapshot study, SiteId site) {
    return study.latest().kept(site);
  }

  /** One hold-out number of a round. */
  public record Point(int round, Measure measure) {}

  /** A centre's hold-out numbers by round; suppressed ones are left out. */
  public static List<Point> series(
      StudySnapshot study, SiteId site, Subject subject, Quantity quantity) {
    List<Point> points = new ArrayList<>();
    for (RoundSummary round : study.rounds()) {
      Optional.ofNullable(round.reports().get(site))
          .flatMap(r -> r.find(subject, Cases.HOLDOUT, quantity))
          .ifPresent(m -> points.add(new Point(round.number(), m)));
    }
    return points;
  }

  /** A centre's newest hold-out number. */
  public static Optional<Measure> latest(
      StudySnapshot study, SiteId site, Subject subject, Quantity quantity) {
    return study.latest().find(site, subject, quantity);
  }

  /** A centre's report on the model that a round made. */
  public static Optional<ValidationReport> report(StudySnapshot study, SiteId site, int round) {
    return study.rounds().stream()
        .filter(r -> r.number() == round)
        .map(r -> Optional.ofNullable(r.reports().get(site)))
        .flatMap(Optional::stream)
        .reduce((_, later) -> later);
  }

  /** The study's sites, the worst global score first; sites without one come last. */
  public static List<SiteStatus> worstFirst(StudySnapshot study) {
    Quantity measure = measure(study.plan());
    double sign = measure == Quantity.LOG_LOSS ? -1 : 1;
    return study.sites().stream()
        .sorted(
            Comparator.comparingDouble(
                    (SiteStatus s) ->
                        latest(study, s.site(), Subject.GLOBAL, measure)
                            .map(m -> sign * m.value())
                            .orElse(2.0))
                .thenComparing(SiteStatus::site))
        .toList();
  }
}
