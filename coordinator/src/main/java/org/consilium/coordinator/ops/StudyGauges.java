package org.consilium.coordinator.ops;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;
import org.consilium.coordinator.aggregate.robust.Handling;
import org.consilium.coordinator.study.CentreScores;
import org.consilium.coordinator.study.StudyAlgorithm;
import org.consilium.coordinator.study.StudyCentral;
import org.consilium.coordinator.study.StudyPrivacy;
import org.consilium.coordinator.study.StudySnapshot;
import org.consilium.coordinator.study.StudySnapshot.Decision;
import org.consilium.coordinator.study.StudySnapshot.DriftPoint;
import org.consilium.coordinator.study.StudySnapshot.Flag;
import org.consilium.coordinator.study.StudySnapshot.Outcome;
import org.consilium.coordinator.study.StudySnapshot.RoundSummary;
import org.consilium.coordinator.study.StudySnapshot.SiteStatus;
import org.consilium.coordinator.study.StudySnapshot.UpdateFacts;
import org.consilium.coordinator.study.StudySnapshot.Verdict;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.ValidationReport.Measure;
import org.consilium.protocol.ValidationReport.Quantity;
import org.consilium.protocol.ValidationReport.Subject;

/** What one study's snapshot says in gauges. */
final class StudyGauges {
  private static final List<Quantity> SCORES =
      List.of(
          Quantity.AUROC,
          Quantity.LOG_LOSS,
          Quantity.CALIBRATION_ERROR,
          Quantity.DICE,
          Quantity.SURFACE_DISTANCE);

  private final Gauges gauges;
  private final StudySnapshot study;
  private final String name;

  private StudyGauges(Gauges gauges, StudySnapshot study) {
    this.gauges = gauges;
    this.study = study;
    this.name = study.plan().study().value();
  }

  static void collect(StudySnapshot study, Gauges gauges) {
    StudyGauges all = new StudyGauges(gauges, study);
    all.facts();
    all.progress();
    all.privacy();
    all.participants();
    all.updates();
    study.sites().forEach(all::site);
    all.best();
  }

  private void facts() {
    StudyPlan plan = study.plan();
    gauges.fact(
        "study",
        "study",
        name,
        "algorithm",
        StudyAlgorithm.name(plan),
        "model",
        plan.model().architecture(),
        "task",
        "classification",
        "privacy",
        plan.protection().mode().name().toLowerCase(Locale.ROOT));
    gauges.state("study_state", study.state(), StudySnapshot.State.class, "study", name);
  }

  private void progress() {
    gauges.put("study_rounds_planned", study.plan().rounds(), "study", name);
    gauges.put("study_round", study.round(), "study", name);
    gauges.put("round_quorum", study.plan().participation().quorum(), "study", name);
    study.opened().ifPresent(t -> gauges.put("round_start_timestamp_seconds", s(t), "study", name));
    study
        .deadline()
        .ifPresent(t -> gauges.put("round_deadline_timestamp_seconds", s(t), "study", name));
    gauges.put("approvals_pending", count(s -> s.decision() == Decision.PENDING), "study", name);
  }

  /** What the plan's noise has come to: by patients at sites, or by the coordinator. */
  private void privacy() {
    StudyPlan plan = study.plan();
    spent("patient", StudyPrivacy.epsilon(plan, study.round()));
    int versions = StudyCentral.versions(study);
    spent("central-site", StudyCentral.siteEpsilon(plan, versions));
    spent("central-patient", StudyCentral.patientEpsilon(plan, versions));
  }

  private void spent(String unit, Optional<Double> epsilon) {
    epsilon.ifPresent(e -> gauges.put("privacy_epsilon", e, "study", name, "unit", unit));
  }

  private void participants() {
    Optional<RoundSummary> round = lastRound(_ -> true);
    state("invited", count(s -> s.decision() == Decision.ACCEPTED));
    state("available", count(s -> s.decision() == Decision.ACCEPTED && s.connected()));
    state("excluded", count(s -> s.decision() == Decision.REFUSED));
    state("training", count(s -> s.connected() && s.phase().equals("TRAINING")));
    state("reported", round.map(r -> r.updates().size()).orElse(0));
    state("late", round.map(r -> r.missing().size()).orElse(0));
  }

  private void state(String state, double count) {
    gauges.put("round_participants", count, "study", name, "state", state);
  }

  /** One series a site for what a rule did, and one for each oddity; gone when it is not so. */
  private void remarks(RoundSummary round, SiteId site, UpdateFacts update) {
    Handling handling = round.handlings().get(site);
    if (handling != null) {
      String what = handling.what().word();
      gauges.put("update_handling", 1, "study", name, "site", site.value(), "handling", what);
    }
    for (Flag flag : update.flags()) {
      gauges.put("update_flag", 1, "study", name, "site", site.value(), "flag", flag.label());
    }
  }

  private void updates() {
    Optional<RoundSummary> aggregated = lastRound(r -> r.outcome() == Outcome.COMPLETED);
    aggregated.ifPresent(
        round -> {
          Collection<UpdateFacts> facts = round.updates().values();
          double sum = facts.stream().mapToInt(UpdateFacts::weight).sum();
          round
              .updates()
              .forEach(
                  (site, update) -> {
                    gauges.put(
                        "aggregation_weight_ratio",
                        update.weight() / sum,
                        "study",
                        name,
                        "site",
                        site.value());
                    gauges.put("update_norm", update.norm(), "study", name, "site", site.value());
                    remarks(round, site, update);
                  });
        });
  }

  private void site(SiteStatus status) {
    SiteId site = status.site();
    for (Quantity quantity : SCORES) {
      score(site, Subject.GLOBAL, "global", quantity);
      score(site, Subject.LOCAL_ONLY, "local", quantity);
    }
    study
        .latest()
        .report(site)
        .filter(r -> r.holdoutBucket() > 0)
        .ifPresent(
            r ->
                gauges.put(
                    "validation_samples", r.holdoutBucket(), "study", name, "site", site.value()));
    drift(status);
  }

  private void score(SiteId site, Subject subject, String model, Quantity quantity) {
    CentreScores.latest(study, site, subject, quantity)
        .ifPresent(
            m ->
                gauges.put(
                    "validation_score",
                    m.value(),
                    "study",
                    name,
                    "site",
                    site.value(),
                    "model",
                    model,
                    "metric",
                    metric(quantity)));
  }

  private void drift(SiteStatus status) {
    String detector = study.plan().monitoring().detector();
    if (detector.equals("none")) {
      return;
    }
    for (Quantity quantity : List.of(Quantity.AUROC_SHIFT, Quantity.LOG_LOSS_SHIFT)) {
      lastPoint(status, quantity)
          .ifPresent(
              p ->
                  gauges.put(
                      "validation_drift_score",
                      p.statistic(),
                      "study",
                      name,
                      "site",
                      status.site().value(),
                      "metric",
                      metric(quantity),
                      "detector",
                      detector));
    }
    if (status.drift().verdict() != Verdict.INSUFFICIENT) {
      gauges.put(
          "drift_detected",
          status.drift().verdict() == Verdict.CONFIRMED ? 1 : 0,
          "study",
          name,
          "site",
          status.site().value(),
          "detector",
          detector);
    }
  }

  private void best() {
    String select = study.plan().select();
    study
        .best()
        .ifPresent(
            model -> {
              gauges.put("best_round", model.round(), "study", name);
              model
                  .score()
                  .ifPresent(v -> gauges.put("best_score", v, "study", name, "metric", select));
            });
    List<Double> scores = new ArrayList<>();
    for (SiteStatus s : study.sites()) {
      CentreScores.latest(study, s.site(), Subject.GLOBAL, Quantity.AUROC)
          .map(Measure::value)
          .ifPresent(scores::add);
    }
    if (scores.size() >= 2) {
      double gap =
          scores.stream().max(Comparator.naturalOrder()).orElseThrow()
              - scores.stream().min(Comparator.naturalOrder()).orElseThrow();
      gauges.put("fairness_gap", gap, "study", name, "metric", "auroc");
    }
    for (Quantity quantity : List.of(Quantity.AUROC_SHIFT, Quantity.LOG_LOSS_SHIFT)) {
      study.sites().stream()
          .map(s -> lastPoint(s, quantity))
          .flatMap(Optional::stream)
          .findFirst()
          .ifPresent(
              p ->
                  gauges.put(
                      "validation_drift_threshold",
                      p.threshold(),
                      "study",
                      name,
                      "metric",
                      metric(quantity),
                      "detector",
                      study.plan().monitoring().detector()));
    }
  }

  private static Optional<DriftPoint> lastPoint(SiteStatus status, Quantity quantity) {
    return status.drift().points().stream()
        .filter(p -> p.quantity() == quantity)
        .reduce((_, later) -> later);
  }

  private Optional<RoundSummary> lastRound(Predicate<RoundSummary> wanted) {
    return study.rounds().reversed().stream().filter(wanted).findFirst();
  }

  private double count(Predicate<SiteStatus> wanted) {
    return study.sites().stream().filter(wanted).count();
  }

  private static double s(Instant time) {
    return time.toEpochMilli() / 1000.0;
  }

  /** The label of a quantity: at most three a site for scores: no task has all. */
  private static String metric(Quantity quantity) {
    return switch (quantity) {
      case AUROC, AUROC_SHIFT -> "auroc";
      case LOG_LOSS, LOG_LOSS_SHIFT -> "loss";
      case CALIBRATION_ERROR -> "ece";
      case DICE -> "dice";
      case SURFACE_DISTANCE -> "hd95";
    };
  }
}
