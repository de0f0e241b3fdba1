package org.consilium.site;

import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.consilium.models.catalog.Catalogue;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.tune.TrainedSet;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;
import org.consilium.security.identity.Fingerprint;
import org.consilium.site.policy.Judgement;
import org.consilium.site.policy.PlanTerms;
import org.consilium.site.policy.SitePolicy;
import org.consilium.site.work.Proposal;

/** A proposed study in plain words, for the person who has to say yes or no. */
record StudyTerms(Proposal proposal, SitePolicy policy, Instant now) {
  private static final int WIDTH = 18;

  /** The digest as six words: to be typed when approving, and to be compared by telephone. */
  List<String> words() {
    return words(proposal);
  }

  static List<String> words(Proposal proposal) {
    return new Fingerprint(proposal.digest().bytes()).words();
  }

  /** What stands between this study and a yes of this node, in words. */
  String verdict() {
    return switch (policy.judge(proposal.plan(), proposal.digest(), Integer.MAX_VALUE, now)) {
      case Judgement.Allowed() -> "approved";
      case Judgement.Refused(var why, String detail) ->
          objection().map(o -> "the policy refuses it: " + o).orElse(why.words() + ": " + detail);
    };
  }

  /** What the house rules say against it, whether it is approved or not. */
  Optional<String> objection() {
    return policy
        .objection(proposal.plan(), now)
        .map(refused -> refused.why().words() + " (" + refused.detail() + ")");
  }

  /** Everything that is approved with the digest, for machines. */
  Map<String, Object> data() {
    StudyPlan plan = proposal.plan();
    Map<String, Object> data = new LinkedHashMap<>();
    data.put("study", plan.study());
    data.put("title", plan.title());
    data.put("digest", proposal.digest());
    data.put("words", words());
    data.put("sites", plan.participation().sites());
    data.put("quorum", plan.participation().quorum());
    data.put("mode", PlanTerms.mode(plan));
    data.put("operatorReadsSingleUpdates", sealed());
    data.put("task", PlanTerms.task(plan));
    data.put("architecture", plan.model().architecture());
    plan.foundation().ifPresent(f -> data.put("foundation", f.version().digest()));
    data.put("rules", PlanTerms.rules(plan).stream().sorted().toList());
    data.put("rounds", plan.rounds());
    data.put("tensors", PlanTerms.tensors(plan).size());
    data.put("updateBytes", updateBytes());
    data.put("noise", PlanTerms.noise(plan).isPresent());
    data.put("minSamples", plan.protection().minSamples());
    data.put("smallCell", policy.smallCell(plan, proposal.digest(), now));
    data.put("monitoringWindows", plan.monitoring().windows());
    data.put("objection", objection().orElse(""));
    data.put("policy", verdict());
    return data;
  }

  /** The same for people. */
  String text() {
    StudyPlan plan = proposal.plan();
    List<String> lines = new ArrayList<>();
    lines.add("%s: %s".formatted(plan.study(), plan.title()));
    lines.add("");
    line(lines, "digest", proposal.digest().hex());
    line(lines, "in words", String.join(" ", words()));
    line(lines, "who", who(plan));
    line(lines, "question", question(plan));
    line(lines, "model", model(plan));
    line(lines, "what leaves", leaves(plan));
    line(lines, "who can read it", readers());
    line(lines, "noise", noise(plan));
    line(
        lines,
        "small numbers",
        "no count or score of fewer than %d cases of a class leaves"
            .formatted(policy.smallCell(plan, proposal.digest(), now)));
    line(lines, "how often", often(plan));
    line(lines, "combined by", String.join(", ", PlanTerms.rules(plan)));
    line(lines, "the policy says", objection().map(o -> "NO: " + o).orElse("it may be approved"));
    line(lines, "stands", verdict());
    return String.join("\n", lines);
  }

  /** What would leave in one round and over the whole study, if it were approved; nothing does. */
  List<Map<String, Object>> wouldLeave() {
    StudyPlan plan = proposal.plan();
    long rounds = plan.rounds();
    List<Map<String, Object>> rows = new ArrayList<>();
    rows.add(row("decision", 100, 1, "coordinator", "yes or no, and about how many examples"));
    rows.add(
        row(
            "manifest",
            1600 + updateBytes() / (1 << 20) * 32,
            rounds,
            "coordinator",
            "digests, weight, number of examples, norm and mean loss of the update"));
    rows.add(
        row(
            "update",
            updateBytes(),
            rounds,
            readers(),
            "changes of %d tensors".formatted(PlanTerms.tensors(plan).size())));
    rows.add(
        row(
            "report",
            600,
            rounds + plan.monitoring().windows(),
            "coordinator",
            "rounded scores with intervals; small numbers are left out"));
    rows.add(row("heartbeats", 64, rounds * 8, "coordinator", "pings and progress, no data"));
    return rows;
  }

  private static Map<String, Object> row(
      String kind, long bytes, long times, String readers, String what) {
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("kind", kind);
    row.put("bytesAbout", bytes);
    row.put("times", times);
    row.put("readers", readers);
    row.put("what", what);
    return row;
  }

  private boolean sealed() {
    return PlanTerms.mode(proposal.plan()).equals("sealed");
  }

  private String readers() {
    return sealed()
        ? "sealed: the aggregator operator can read individual site updates"
        : "masked: nobody reads a single site's update, the operator sees the sum of all;"
            + " this protocol has not been audited";
  }

  /** Bytes of one update on the wire: four a trained number, a tag a chunk. */
  private long updateBytes() {
    StudyPlan plan = proposal.plan();
    if (Catalogue.find(plan.model()) instanceof Catalogue.Refused) {
      return 0;
    }
    ParameterLayout layout = TrainedSet.of(Catalogue.require(plan.model()), plan.tuning()).shared();
    return 4 * (layout.length() + 2);
  }

  private static String who(StudyPlan plan) {
    return "%d sites: %s; a round counts with %d"
        .formatted(
            plan.participation().sites().size(),
            plan.participation().sites().stream()
                .map(SiteId::value)
                .collect(Collectors.joining(", ")),
            plan.participation().quorum());
  }

  private static String question(StudyPlan plan) {
    return "%s%s"
        .formatted(
            PlanTerms.task(plan),
            plan.labels().isEmpty() ? "" : " of " + String.join(", ", plan.labels()));
  }

  private static String model(StudyPlan plan) {
    return plan.model().architecture()
        + plan.foundation()
            .map(f -> ", starts from %s (%s)".formatted(f.name(), f.version().digest().brief()))
            .orElse(", starts from random values");
  }

  private String leaves(StudyPlan plan) {
    return "changes of %d tensors (%,d bytes a round), clipped to norm %s; rounded scores"
        .formatted(PlanTerms.tensors(plan).size(), updateBytes(), plan.protection().clip());
  }

  private static String noise(StudyPlan plan) {
    return PlanTerms.noise(plan)
        .map(n -> "epsilon %s at delta %s, noise %s".formatted(n.epsilon(), n.delta(), n.noise()))
        .or(
            () ->
                plan.protection()
                    .central()
                    .map(
                        c ->
                            "by the coordinator alone, which reads your update as it is: epsilon %s at delta %s for all that one site says, noise %s; no patient is protected from the coordinator"
                                .formatted(c.epsilon(), c.delta(), c.sigma())))
        .orElse("none: the study adds no noise (no differential privacy)");
  }

  private static String often(StudyPlan plan) {
    return "%d rounds, then %d monitoring windows"
        .formatted(plan.rounds(), plan.monitoring().windows());
  }

  private static void line(List<String> lines, String name, String value) {
    lines.add(("%-" + WIDTH + "s%s").formatted(name, value));
  }
}
