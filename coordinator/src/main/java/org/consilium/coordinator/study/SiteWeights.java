package org.consilium.coordinator.study;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.consilium.coordinator.aggregate.rule.GeneralisationAdjustment;
import org.consilium.coordinator.round.Opening;
import org.consilium.coordinator.round.RoundState.Closed;
import org.consilium.coordinator.round.StudyEvent.Member;
import org.consilium.coordinator.round.StudyState;
import org.consilium.coordinator.validation.ReportScore;
import org.consilium.protocol.Aggregation.Rule;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.ValidationReport;
import org.consilium.protocol.ValidationReport.Cases;
import org.consilium.protocol.ValidationReport.Measure;
import org.consilium.protocol.ValidationReport.Quantity;
import org.consilium.protocol.ValidationReport.Subject;
import org.consilium.security.fixed.WeightRule;

/** How much each site of a round counts: by the plan's weighting, or as FedDG-GA found. */
final class SiteWeights {
  private SiteWeights() {}

  /** The members with the weights that the rule gives them; unchanged when it gives none. */
  static List<Member> given(StudyState state, List<Member> members) {
    if (state.plan().aggregation().rule() != Rule.FEDDG_GA) {
      return members;
    }
    Map<SiteId, Double> shares = adjusted(state);
    double[] own = members.stream().mapToDouble(m -> shares.getOrDefault(m.site(), 0.0)).toArray();
    double most = Arrays.stream(own).max().orElse(0);
    int weightMax = state.plan().protection().weightMax();
    List<Member> given = new ArrayList<>();
    for (int i = 0; i < own.length; i++) {
      Member m = members.get(i);
      long weight = most > 0 ? Math.round(own[i] / most * weightMax) : 1;
      given.add(
          new Member(
              m.site(), m.signingKey(), m.samples(), (int) Math.clamp(weight, 1L, weightMax)));
    }
    return given;
  }

  /** The weight that each member's update must have. */
  static Map<SiteId, Integer> expected(StudyPlan plan, Opening opening) {
    WeightRule rule =
        switch (plan.aggregation().weighting()) {
          case SAMPLES -> WeightRule.SAMPLES;
          case UNIFORM -> WeightRule.UNIFORM;
        };
    Map<SiteId, Integer> weights = new HashMap<>();
    for (Member m : opening.members()) {
      int weight =
          m.weight() > 0
              ? m.weight()
              : rule.weight(m.samples(), opening.referenceSamples(), plan.protection().weightMax());
      weights.put(m.site(), weight);
    }
    return weights;
  }

  /** Shares by examples, moved by every round that counted; a function of the journal alone. */
  private static Map<SiteId, Double> adjusted(StudyState state) {
    List<SiteId> sites = state.willing();
    double[] shares =
        sites.stream()
            .mapToDouble(
                site -> {
                  StudyState.Answer answer = state.answers().get(site);
                  return answer == null ? 0 : answer.samples();
                })
            .toArray();
    StudyPlan plan = state.plan();
    state.history().stream()
        .filter(Closed.class::isInstance)
        .map(Closed.class::cast)
        .forEach(
            round -> {
              double[] gaps =
                  sites.stream()
                      .mapToDouble(
                          site ->
                              gap(plan.select(), Optional.ofNullable(round.reports().get(site))))
                      .toArray();
              double step =
                  GeneralisationAdjustment.step(
                      plan.aggregation().adjustment(), round.opening().number(), plan.rounds());
              System.arraycopy(
                  GeneralisationAdjustment.next(shares, gaps, step), 0, shares, 0, shares.length);
            });
    Map<SiteId, Double> bySite = new HashMap<>();
    for (int i = 0; i < shares.length; i++) {
      bySite.put(sites.get(i), shares[i]);
    }
    return bySite;
  }

  /**
   * What a site loses by the round's global model against its own of before the mean, in the metric
   * that the plan chooses by; larger is worse whichever way the metric points. Not a number when
   * the site did not say.
   */
  static double gap(String select, Optional<ValidationReport> report) {
    boolean higherIsBetter = ReportScore.higherIsBetter(select);
    Quantity quantity = ReportScore.quantity(select);
    double global = value(report, Subject.GLOBAL, quantity);
    double local = value(report, Subject.LOCAL_TRAINED, quantity);
    return higherIsBetter ? local - global : global - local;
  }

  private static double value(
      Optional<ValidationReport> report, Subject subject, Quantity quantity) {
    return report
        .flatMap(r -> r.find(subject, Cases.HOLDOUT, quantity))
        .map(Measure::value)
        .orElse(Double.NaN);
  }
}
