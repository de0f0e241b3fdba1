package org.consilium.site.policy;

import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;
import org.consilium.site.policy.HouseRules.PrivacyFloor;

/** One set of house rules against a plan or a task; pure. */
final class PlanCheck {
  private final HouseRules rules;

  PlanCheck(HouseRules rules) {
    this.rules = rules;
  }

  Optional<Judgement.Refused> refusal(StudyPlan plan, Instant now) {
    if (!rules.validity().holdsAt(now)) {
      return refused(
          Why.POLICY_NOT_IN_FORCE,
          "the policy holds from %s until %s"
              .formatted(day(rules.validity().from()), day(rules.validity().until())));
    }
    String mode = PlanTerms.mode(plan);
    if (!rules.content().modes().contains(mode)) {
      return refused(
          Why.MODE_REFUSED,
          "mode %s; the policy allows %s".formatted(mode, sorted(rules.content().modes())));
    }
    int sites = plan.participation().sites().size();
    int least = rules.company().minSites();
    if (sites < least || plan.participation().quorum() < least) {
      return refused(
          Why.TOO_FEW_SITES,
          "%d sites with a quorum of %d, at least %d"
              .formatted(sites, plan.participation().quorum(), least));
    }
    return strangers(plan.participation().sites())
        .or(() -> noise(plan))
        .or(() -> question(plan))
        .or(() -> model(plan));
  }

  Optional<Judgement.Refused> refusal(RoundTask task, RoundTask.Terms terms, Usage today) {
    int least = rules.company().minSites();
    if (terms.participants().size() < least) {
      return refused(
          Why.TOO_FEW_SITES,
          "%d participants, at least %d".formatted(terms.participants().size(), least));
    }
    Optional<Judgement.Refused> strangers =
        strangers(terms.participants().stream().map(RoundTask.Participant::site).toList());
    if (strangers.isPresent()) {
      return strangers;
    }
    if (today.rounds() >= rules.volume().roundsPerDay()) {
      return refused(
          Why.ROUND_LIMIT,
          "training began %d times in 24 h, at most %d"
              .formatted(today.rounds(), rules.volume().roundsPerDay()));
    }
    long coming = task.model().fileBytes();
    if (coming > rules.volume().updateBytesPerRound()) {
      return refused(
          Why.EGRESS_LIMIT,
          "an update of about %d bytes, at most %d a round"
              .formatted(coming, rules.volume().updateBytesPerRound()));
    }
    if (today.updateBytes() + coming > rules.volume().updateBytesPerDay()) {
      return refused(
          Why.EGRESS_LIMIT,
          "%d bytes in 24 h and about %d to come, at most %d"
              .formatted(today.updateBytes(), coming, rules.volume().updateBytesPerDay()));
    }
    return Optional.empty();
  }

  /** A file that is fetched only to be judged is bound like an update: it fills the same disk. */
  Optional<Judgement.Refused> refusal(RoundTask task) {
    long coming = task.model().fileBytes();
    return coming <= rules.volume().updateBytesPerRound()
        ? Optional.empty()
        : refused(
            Why.BAD_MODEL,
            "a model file of %d bytes, at most %d a round"
                .formatted(coming, rules.volume().updateBytesPerRound()));
  }

  /** Whether the task's file is announced with more bytes than any version of the study has. */
  static Optional<Judgement.Refused> tooLong(RoundTask task, StudyPlan plan) {
    long coming = task.model().fileBytes();
    return PlanTerms.fileBytesMax(plan)
        .filter(most -> coming > most)
        .flatMap(
            most ->
                refused(
                    Why.BAD_MODEL,
                    "a model file of %d bytes, the study's have at most %d"
                        .formatted(coming, most)));
  }

  /** The tensors among {@code names} that no pattern of the policy allows to travel. */
  List<String> forbidden(List<String> names) {
    List<Pattern> allowed = rules.content().tensors().stream().map(PlanCheck::pattern).toList();
    return allowed.isEmpty()
        ? List.of()
        : names.stream()
            .filter(name -> allowed.stream().noneMatch(p -> p.matcher(name).matches()))
            .toList();
  }

  private Optional<Judgement.Refused> strangers(Collection<SiteId> sites) {
    Set<String> known = rules.company().known();
    long some = sites.stream().filter(site -> known.contains(site.value())).count();
    int least = rules.company().knownOf(sites.size());
    return some >= least
        ? Optional.empty()
        : refused(
            Why.UNKNOWN_SITES,
            "%d of %d sites are known here, at least %d must be; unknown: %s"
                .formatted(
                    some,
                    sites.size(),
                    least,
                    sites.stream()
                        .map(SiteId::value)
                        .filter(s -> !known.contains(s))
                        .sorted()
                        .collect(Collectors.joining(", "))));
  }

  private Optional<Judgement.Refused> noise(StudyPlan plan) {
    if (rules.privacy().isEmpty()) {
      return Optional.empty();
    }
    PrivacyFloor floor = rules.privacy().get();
    Optional<PlanTerms.Noise> noise = PlanTerms.noise(plan);
    if (noise.isEmpty()) {
      return refused(
          Why.PRIVACY_FLOOR,
          "the study adds no noise; the policy demands an epsilon of at most %s"
              .formatted(floor.maxEpsilon()));
    }
    PlanTerms.Noise added = noise.get();
    return added.epsilon() <= floor.maxEpsilon()
            && added.delta() <= floor.maxDelta()
            && added.noise() >= floor.minNoise()
        ? Optional.empty()
        : refused(
            Why.PRIVACY_FLOOR,
            "epsilon %s at delta %s with noise %s; the policy allows %s at %s and at least %s"
                .formatted(
                    added.epsilon(),
                    added.delta(),
                    added.noise(),
                    floor.maxEpsilon(),
                    floor.maxDelta(),
                    floor.minNoise()));
  }

  private Optional<Judgement.Refused> question(StudyPlan plan) {
    HouseRules.Content content = rules.content();
    String task = PlanTerms.task(plan);
    if (!content.tasks().isEmpty() && !content.tasks().contains(task)) {
      return refused(
          Why.TASK_REFUSED,
          "task %s; the policy allows %s".formatted(task, sorted(content.tasks())));
    }
    for (String rule : PlanTerms.rules(plan)) {
      boolean allowed = content.allowedRules().isEmpty() || content.allowedRules().contains(rule);
      if (!allowed || content.forbiddenRules().contains(rule)) {
        return refused(Why.RULE_REFUSED, "rule " + rule);
      }
    }
    return Optional.empty();
  }

  private Optional<Judgement.Refused> model(StudyPlan plan) {
    HouseRules.Content content = rules.content();
    String architecture = plan.model().architecture();
    if (!content.architectures().isEmpty() && !content.architectures().contains(architecture)) {
      return refused(Why.MODEL_NOT_ALLOWED, "architecture " + architecture);
    }
    if (!content.foundations().isEmpty()
        && plan.foundation()
            .map(f -> !content.foundations().contains(f.version().digest()))
            .orElse(false)) {
      return refused(
          Why.MODEL_NOT_ALLOWED,
          "foundation %s is not one that the policy names"
              .formatted(plan.foundation().get().version().digest().brief()));
    }
    if (content.tensors().isEmpty()) {
      return Optional.empty();
    }
    List<String> travelling = PlanTerms.tensors(plan);
    List<String> forbidden = forbidden(travelling);
    return travelling.isEmpty() || !forbidden.isEmpty()
        ? refused(
            Why.MODEL_NOT_ALLOWED,
            "%d of %d tensors may not travel, the first is %s"
                .formatted(
                    forbidden.size(),
                    travelling.size(),
                    forbidden.isEmpty() ? "unknown" : forbidden.getFirst()))
        : Optional.empty();
  }

  private static Pattern pattern(String glob) {
    StringBuilder regex = new StringBuilder();
    for (String piece : glob.split("\\*", -1)) {
      regex.append(regex.isEmpty() ? "" : ".*").append(Pattern.quote(piece));
    }
    return Pattern.compile(regex.toString());
  }

  private static String day(Optional<java.time.LocalDate> day) {
    return day.map(Object::toString).orElse("ever");
  }

  private static List<String> sorted(Set<String> words) {
    return words.stream().sorted().toList();
  }

  private static Optional<Judgement.Refused> refused(Why why, String detail) {
    return Optional.of(new Judgement.Refused(why, detail));
  }
}
