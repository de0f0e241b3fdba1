package org.consilium.site.policy;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.consilium.protocol.Digest;
import org.consilium.protocol.Limits;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.StudyPlan;

/**
 * What the hospital allows; immutable. A denial wins over every consent. A consent bound to a
 * digest wins over one by name. A study must pass the house rules of now <em>and</em> those under
 * which its consent was given: a stricter policy binds at once, a looser one loosens nothing that
 * was approved before.
 *
 * @param house the policy file
 * @param former policy files by digest, under which consents were given
 * @param approvals consents and denials in the order in which they were given
 */
public record SitePolicy(
    HouseRules house, Map<Digest, HouseRules> former, List<Approval> approvals) {
  static final int MIN_SITES = Limits.PARTICIPANTS_MIN;
  static final int MAX_SITES = Limits.PARTICIPANTS_MAX;

  /** A laptop's or a pilot's day: 200 rounds of a 10M-parameter model. */
  static final long UPDATE_BYTES_PER_DAY = 8L << 30;

  static final int ROUNDS_PER_DAY = 1000;

  /** No policy may release smaller counts than these. */
  static final int SMALL_CELL_MIN = 5;

  static final int COHORT_QUERIES_PER_DAY = 20;

  /**
   * How often training may begin for one round, attempts and repetitions after a crash together: no
   * honest round needs so many, and a coordinator cannot make a site train without end.
   */
  public static final int STARTS_PER_ROUND = 30;

  public SitePolicy {
    former = Map.copyOf(former);
    approvals = List.copyOf(approvals);
  }

  /** Refuses everything: what holds without a policy file. */
  public static SitePolicy refuseAll() {
    return new SitePolicy(HouseRules.DEFAULT, Map.of(), List.of());
  }

  /** The same policy with one more consent or denial; it replaces those about the same subject. */
  public SitePolicy with(Approval approval) {
    List<Approval> all = new ArrayList<>(approvals);
    all.removeIf(a -> a.subject().equals(approval.subject()));
    all.add(approval);
    return new SitePolicy(house, former, all);
  }

  /** The same policy under other house rules. */
  public SitePolicy with(HouseRules rules) {
    return new SitePolicy(rules, former, approvals);
  }

  /** Fewest participants of any study. */
  public int minSites() {
    return house.company().minSites();
  }

  /** Counts from 1 to below this are never released for a study: the study's k or a larger one. */
  public int smallCell(StudyPlan plan, Digest digest, Instant now) {
    return Math.max(volume(plan, digest, now).smallCell(), plan.protection().smallCell());
  }

  /** The strictest bounds on what leaves for a study, of now and of its consent. */
  public HouseRules.Volume volume(StudyPlan plan, Digest digest, Instant now) {
    HouseRules.Volume strictest = house.volume();
    List<HouseRules> rules =
        approval(plan, digest, now).flatMap(this::binding).orElse(List.of(house));
    for (HouseRules one : rules) {
      strictest = strictest.strictest(one.volume());
    }
    return strictest;
  }

  /** What the house rules of now say of a study, approved or not; what an approval would meet. */
  public Optional<Judgement.Refused> objection(StudyPlan plan, Instant now) {
    return new PlanCheck(house).refusal(plan, now);
  }

  /**
   * May this site take part in the study?
   *
   * @param digest SHA-256 of the plan's bytes as they came
   * @param samples training examples that this site has for it
   */
  public Judgement judge(StudyPlan plan, Digest digest, int samples, Instant now) {
    Optional<Approval> found = approval(plan, digest, now);
    if (found.isEmpty()) {
      return refused(
          Why.NOT_APPROVED,
          "study %s, digest %s; to take part: consilium node approve %s, with this node's --state"
              .formatted(plan.study(), digest.brief(), plan.study()));
    }
    Optional<List<HouseRules>> binding = binding(found.get());
    if (binding.isEmpty()) {
      return refused(
          Why.NOT_APPROVED,
          "study %s: the policy file under which it was approved is no longer kept; approve it again"
              .formatted(plan.study()));
    }
    for (HouseRules rules : binding.get()) {
      Optional<Judgement.Refused> refusal = new PlanCheck(rules).refusal(plan, now);
      if (refusal.isPresent()) {
        return refusal.get();
      }
    }
    int least = found.get().minSites();
    int sites = plan.participation().sites().size();
    if (sites < least || plan.participation().quorum() < least) {
      return refused(
          Why.TOO_FEW_SITES,
          "%d sites with a quorum of %d, at least %d"
              .formatted(sites, plan.participation().quorum(), least));
    }
    int fewest = Math.max(plan.protection().minSamples(), smallCell(plan, digest, now));
    if (samples < fewest) {
      return refused(
          Why.COHORT_TOO_SMALL, "%d training examples, at least %d".formatted(samples, fewest));
    }
    return new Judgement.Allowed();
  }

  /** May this site begin this task of the study now? */
  public Judgement judge(RoundTask task, StudyPlan plan, int samples, Usage today, Instant now) {
    Judgement begun = judgeBegun(task, plan, samples, today, now);
    Optional<Closed> closed = closed(plan, task.studyDigest(), now);
    return begun instanceof Judgement.Refused || task.terms().isEmpty() || closed.isEmpty()
        ? begun
        : refused(Why.OUTSIDE_HOURS, closed.get().words());
  }

  /**
   * That no training may begin now.
   *
   * @param opens when it may again
   * @param atClose what becomes of training that is under way
   * @param openingSaid whether the coordinator may be told {@code opens}
   * @param words the hours that are over
   */
  public record Closed(
      Instant opens, HouseRules.Hours.AtClose atClose, boolean openingSaid, String words) {}

  /** Whether hours are over for a study: those of now, or those of its consent. */
  public Optional<Closed> closed(StudyPlan plan, Digest digest, Instant now) {
    List<HouseRules.Hours> hours =
        approval(plan, digest, now).flatMap(this::binding).orElse(List.of(house)).stream()
            .map(HouseRules::hours)
            .toList();
    List<HouseRules.Hours> over = hours.stream().filter(h -> !h.open(now)).toList();
    if (over.isEmpty()) {
      return Optional.empty();
    }
    Instant opens = now;
    for (HouseRules.Hours one : hours) { // those of two policies may overlap never: then the latest
      opens = one.opening(opens);
    }
    boolean pauses = over.stream().anyMatch(h -> h.atClose() == HouseRules.Hours.AtClose.PAUSE);
    return Optional.of(
        new Closed(
            opens,
            pauses ? HouseRules.Hours.AtClose.PAUSE : HouseRules.Hours.AtClose.FINISH,
            hours.stream().allMatch(HouseRules.Hours::openingSaid),
            "hours %s, zone %s".formatted(over.getFirst().windows(), over.getFirst().zone())));
  }

  /** May this site go on with this task of the study, which it began inside its hours? */
  public Judgement judgeBegun(
      RoundTask task, StudyPlan plan, int samples, Usage today, Instant now) {
    Judgement study = judge(plan, task.studyDigest(), samples, now);
    if (study instanceof Judgement.Refused) {
      return study;
    }
    if (task.round() > plan.rounds() || task.window() > plan.monitoring().windows()) {
      return refused(
          Why.NOT_APPROVED,
          "round %d, window %d; the plan has %d and %d"
              .formatted(task.round(), task.window(), plan.rounds(), plan.monitoring().windows()));
    }
    Optional<Judgement.Refused> tooLong = PlanCheck.tooLong(task, plan);
    if (tooLong.isPresent()) {
      return tooLong.get();
    }
    Approval approval = approval(plan, task.studyDigest(), now).orElseThrow();
    return task.terms().isPresent()
        ? judgeTraining(task, task.terms().get(), approval, today)
        : judgeFetching(task, approval);
  }

  private Judgement judgeTraining(
      RoundTask task, RoundTask.Terms terms, Approval approval, Usage today) {
    if (terms.participants().size() < approval.minSites()) {
      return refused(
          Why.TOO_FEW_SITES,
          "%d participants, at least %d"
              .formatted(terms.participants().size(), approval.minSites()));
    }
    if (today.rounds() >= approval.roundsPerDay()) {
      return refused(
          Why.ROUND_LIMIT,
          "training began %d times in 24 h, at most %d"
              .formatted(today.rounds(), approval.roundsPerDay()));
    }
    if (today.attempts() >= STARTS_PER_ROUND) {
      return refused(
          Why.ROUND_LIMIT,
          "training began %d times for round %d, at most %d"
              .formatted(today.attempts(), task.round(), STARTS_PER_ROUND));
    }
    for (HouseRules rules : binding(approval).orElseThrow()) {
      Optional<Judgement.Refused> refusal = new PlanCheck(rules).refusal(task, terms, today);
      if (refusal.isPresent()) {
        return refusal.get();
      }
    }
    return new Judgement.Allowed();
  }

  private Judgement judgeFetching(RoundTask task, Approval approval) {
    for (HouseRules rules : binding(approval).orElseThrow()) {
      Optional<Judgement.Refused> refusal = new PlanCheck(rules).refusal(task);
      if (refusal.isPresent()) {
        return refusal.get();
      }
    }
    return new Judgement.Allowed();
  }

  /** The rules of now and those of the consent; empty if the latter are lost. */
  private Optional<List<HouseRules>> binding(Approval approval) {
    if (approval.givenUnder().isEmpty()) {
      return Optional.of(List.of(house));
    }
    return Optional.ofNullable(former.get(approval.givenUnder().get()))
        .map(given -> given.equals(house) ? List.of(house) : List.of(house, given));
  }

  private Optional<Approval> approval(StudyPlan plan, Digest digest, Instant now) {
    List<Approval> about = approvals.stream().filter(a -> a.covers(plan, digest)).toList();
    if (about.stream().anyMatch(a -> !a.granted())) {
      return Optional.empty();
    }
    List<Approval> valid = about.stream().filter(a -> a.holdsAt(now)).toList();
    return valid.stream()
        .filter(a -> a.subject() instanceof Approval.Subject.Exact)
        .findFirst()
        .or(() -> valid.stream().findFirst());
  }

  private static Judgement refused(Why why, String detail) {
    return new Judgement.Refused(why, detail);
  }
}
