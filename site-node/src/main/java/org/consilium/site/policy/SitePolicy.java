package org.consilium.site.policy;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.consilium.protocol.Digest;
import org.consilium.protocol.Limits;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.StudyPlan.Mode;

/**
 * What the hospital allows; immutable. A denial wins over every consent. A consent bound to a
 * digest wins over one by name.
 *
 * @param modes protection modes that are allowed
 * @param minSites fewest participants of any study
 * @param updateBytesPerDay most bytes of updates in 24 hours, over all studies
 * @param architectures allowed models; empty is the whole catalogue
 * @param approvals consents and denials in the order in which they were given
 */
public record SitePolicy(
    Set<Mode> modes,
    int minSites,
    long updateBytesPerDay,
    Set<String> architectures,
    List<Approval> approvals) {
  static final int MIN_SITES = Limits.PARTICIPANTS_MIN;
  static final int MAX_SITES = Limits.PARTICIPANTS_MAX;

  /** A laptop's or a pilot's day: 200 rounds of a 10M-parameter model. */
  static final long UPDATE_BYTES_PER_DAY = 8L << 30;

  static final int ROUNDS_PER_DAY = 1000;

  /**
   * How often training may begin for one round, attempts and repetitions after a crash together: no
   * honest round needs so many, and a coordinator cannot make a site train without end.
   */
  public static final int STARTS_PER_ROUND = 30;

  public SitePolicy {
    modes = Set.copyOf(modes);
    architectures = Set.copyOf(architectures);
    approvals = List.copyOf(approvals);
  }

  /** Refuses everything: what holds without a policy file. */
  public static SitePolicy refuseAll() {
    return new SitePolicy(
        Set.of(Mode.MASKED, Mode.SEALED), MIN_SITES, UPDATE_BYTES_PER_DAY, Set.of(), List.of());
  }

  /** The same policy with one more consent or denial; it replaces those about the same subject. */
  public SitePolicy with(Approval approval) {
    List<Approval> all = new ArrayList<>(approvals);
    all.removeIf(a -> a.subject().equals(approval.subject()));
    all.add(approval);
    return new SitePolicy(modes, minSites, updateBytesPerDay, architectures, all);
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
    if (!modes.contains(plan.protection().mode())) {
      return refused(Why.MODE_REFUSED, "mode " + plan.protection().mode());
    }
    int least = Math.max(minSites, found.get().minSites());
    int sites = plan.participation().sites().size();
    if (sites < least || plan.participation().quorum() < least) {
      return refused(
          Why.TOO_FEW_SITES,
          "%d sites with a quorum of %d, at least %d"
              .formatted(sites, plan.participation().quorum(), least));
    }
    String architecture = plan.model().architecture();
    if (!architectures.isEmpty() && !architectures.contains(architecture)) {
      return refused(Why.MODEL_NOT_ALLOWED, "architecture " + architecture);
    }
    if (samples < plan.protection().minSamples()) {
      return refused(
          Why.COHORT_TOO_SMALL,
          "%d training examples, at least %d".formatted(samples, plan.protection().minSamples()));
    }
    return new Judgement.Allowed();
  }

  /** May this site do this task of the study now? */
  public Judgement judge(RoundTask task, StudyPlan plan, int samples, Usage today, Instant now) {
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
    if (task.terms().isEmpty()) {
      return study;
    }
    RoundTask.Terms terms = task.terms().get();
    Approval approval = approval(plan, task.studyDigest(), now).orElseThrow();
    int least = Math.max(minSites, approval.minSites());
    if (terms.participants().size() < least) {
      return refused(
          Why.TOO_FEW_SITES,
          "%d participants, at least %d".formatted(terms.participants().size(), least));
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
    if (today.updateBytes() + task.model().fileBytes() > updateBytesPerDay) {
      return refused(
          Why.EGRESS_LIMIT,
          "%d bytes in 24 h and about %d to come, at most %d"
              .formatted(today.updateBytes(), task.model().fileBytes(), updateBytesPerDay));
    }
    return study;
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
