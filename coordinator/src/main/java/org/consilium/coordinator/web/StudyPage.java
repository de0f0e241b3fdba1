package org.consilium.coordinator.web;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.consilium.coordinator.study.CentreScores;
import org.consilium.coordinator.study.StudySnapshot;
import org.consilium.coordinator.study.StudySnapshot.DriftPoint;
import org.consilium.coordinator.study.StudySnapshot.RoundSummary;
import org.consilium.coordinator.study.StudySnapshot.SiteStatus;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.ValidationReport.Measure;
import org.consilium.protocol.ValidationReport.Quantity;
import org.consilium.protocol.ValidationReport.Subject;

/**
 * A study laid out for its page.
 *
 * @param centres worst first
 * @param measure what models are compared by
 * @param scores by round, global solid and local-only dashed
 * @param drift statistics against the threshold
 */
public record StudyPage(
    StudySnapshot study, Quantity measure, List<Centre> centres, Chart scores, Chart drift) {
  public StudyPage {
    centres = List.copyOf(centres);
  }

  /** The last round that made a model. */
  public Optional<RoundSummary> combined() {
    return study.lastCombined();
  }

  /** Whose updates it had, sorted. */
  public List<SiteId> senders() {
    return combined().map(r -> r.updates().keySet().stream().sorted().toList()).orElse(List.of());
  }

  /** The plan's robust rule; empty without one. */
  public String robust() {
    return study.plan().protection().exposure().robustRule().word();
  }

  /** How many sites the rule takes for faulty at most. */
  public int faulty() {
    return study.plan().protection().exposure().robustRule().faulty();
  }

  /**
   * One row of the table.
   *
   * @param evidence the detector's last observation, the one nearest to its line
   */
  public record Centre(
      SiteStatus status,
      Optional<Measure> global,
      Optional<Measure> localOnly,
      Optional<Measure> personal,
      Optional<Subject> kept,
      Optional<DriftPoint> evidence,
      boolean samplesShown) {

    /** Style class of the verdict. */
    public String verdictStyle() {
      return switch (status.drift().verdict()) {
        case INSUFFICIENT -> "quiet";
        case STABLE -> "good";
        case SUSPECTED -> "warn";
        case CONFIRMED -> "bad";
      };
    }

    /** A sign besides the colour. */
    public String verdictSign() {
      return switch (status.drift().verdict()) {
        case INSUFFICIENT -> "○";
        case STABLE -> "●";
        case SUSPECTED -> "▲";
        case CONFIRMED -> "■";
      };
    }
  }

  static StudyPage of(StudySnapshot study, Words words) {
    return new StudyPage(
        study,
        CentreScores.measure(study.plan()),
        CentreScores.worstFirst(study).stream().map(s -> centre(study, s)).toList(),
        scoreChart(study, words),
        driftChart(study));
  }

  private static Centre centre(StudySnapshot study, SiteStatus status) {
    Quantity measure = CentreScores.measure(study.plan());
    return new Centre(
        status,
        CentreScores.latest(study, status.site(), Subject.GLOBAL, measure),
        CentreScores.latest(study, status.site(), Subject.LOCAL_ONLY, measure),
        CentreScores.latest(study, status.site(), Subject.PERSONAL, measure),
        CentreScores.kept(study, status.site()),
        evidence(status),
        status.samples() >= study.plan().protection().minSamples());
  }

  private static Optional<DriftPoint> evidence(SiteStatus status) {
    List<DriftPoint> points = status.drift().points();
    if (points.isEmpty()) {
      return Optional.empty();
    }
    int window = points.getLast().window();
    return points.stream()
        .filter(p -> p.window() == window)
        .max(
            (a, b) -> Double.compare(a.statistic() / a.threshold(), b.statistic() / b.threshold()));
  }

  private static Chart scoreChart(StudySnapshot study, Words words) {
    List<Chart.Series> series = new ArrayList<>();
    double least = 0.5;
    for (int i = 0; i < study.sites().size(); i++) {
      SiteId site = study.sites().get(i).site();
      for (Subject subject : List.of(Subject.GLOBAL, Subject.LOCAL_ONLY)) {
        List<Chart.Value> values =
            CentreScores.series(study, site, subject, CentreScores.measure(study.plan())).stream()
                .map(p -> new Chart.Value(p.round(), p.measure().value()))
                .toList();
        least = values.stream().mapToDouble(Chart.Value::y).reduce(least, Math::min);
        boolean local = subject == Subject.LOCAL_ONLY;
        series.add(
            new Chart.Series(
                site + (local ? " (" + words.get("legend.local") + ")" : ""), i, local, values));
      }
    }
    double most =
        series.stream()
            .flatMap(s -> s.values().stream())
            .mapToDouble(Chart.Value::y)
            .reduce(1, Math::max);
    return Chart.of(series, Math.floor(least * 10) / 10, most, OptionalDouble.empty());
  }

  private static Chart driftChart(StudySnapshot study) {
    List<Chart.Series> series = new ArrayList<>();
    double most = 1;
    OptionalDouble limit = OptionalDouble.empty();
    for (int i = 0; i < study.sites().size(); i++) {
      SiteStatus status = study.sites().get(i);
      for (Quantity quantity : List.of(Quantity.AUROC_SHIFT, Quantity.LOG_LOSS_SHIFT)) {
        List<Chart.Value> values = new ArrayList<>();
        for (DriftPoint point : status.drift().points()) {
          if (point.quantity() == quantity) {
            values.add(new Chart.Value(point.window(), point.statistic()));
            most = Math.max(most, Math.max(point.statistic(), point.threshold()) * 1.1);
            limit = OptionalDouble.of(point.threshold());
          }
        }
        String name = status.site() + (quantity == Quantity.AUROC_SHIFT ? " AUROC" : " log loss");
        series.add(new Chart.Series(name, i, quantity == Quantity.LOG_LOSS_SHIFT, values));
      }
    }
    return Chart.of(series, 0, most, limit);
  }
}
