package org.consilium.site.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.TensorSpec;
import org.consilium.protocol.Digest;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.StudyPlan;
import org.consilium.site.protect.Consortium;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class HouseRulesTest {
  private static final Instant NOON = Instant.parse("2026-06-01T12:00:00Z");
  private static final Digest DIGEST = Digest.sha256(new byte[] {1});

  /** Two sites, north and south; a synthetic model with one tensor; fedavg, sealed. */
  private static final StudyPlan PLAN = Consortium.plan();

  @TempDir Path folder;

  @Test
  void badInput_24_tooFewOrMostlyUnknownSites_refusesToJoin() throws Exception {
    Judgement.Refused few = refused("minSites: 3\n");
    Judgement.Refused unknown = refused("knownSites: {names: [north, east, west]}\n");
    Judgement.Refused fewKnown = refused("knownSites: {names: [north, east], atLeast: 2}\n");

    assertThat(few.why()).isEqualTo(Why.TOO_FEW_SITES);
    assertThat(few.detail()).isEqualTo("2 sites with a quorum of 2, at least 3");
    // One of two is not more than half.
    assertThat(unknown.why()).isEqualTo(Why.UNKNOWN_SITES);
    assertThat(unknown.detail())
        .isEqualTo("1 of 2 sites are known here, at least 2 must be; unknown: south");
    assertThat(fewKnown.why()).isEqualTo(Why.UNKNOWN_SITES);
    assertThat(judged("knownSites: {names: [north, south]}\n"))
        .isInstanceOf(Judgement.Allowed.class);
    assertThat(judged("knownSites: {names: [north], atLeast: 1}\n"))
        .isInstanceOf(Judgement.Allowed.class);
  }

  @Test
  void judge_eachKey_refusesWithItsOwnReason() throws Exception {
    Map<String, Why> reasons =
        Map.of(
            "modes: [masked]", Why.MODE_REFUSED,
            "privacy: {maxEpsilon: 8}", Why.PRIVACY_FLOOR,
            "tasks: [segmentation]", Why.TASK_REFUSED,
            "rules: {allow: [median]}", Why.RULE_REFUSED,
            "rules: {forbid: [fedavg]}", Why.RULE_REFUSED,
            "architectures: [unet-gn]", Why.MODEL_NOT_ALLOWED,
            "tensors: [\"head.*\"]", Why.MODEL_NOT_ALLOWED,
            "smallCell: 501", Why.COHORT_TOO_SMALL,
            "validUntil: 2026-05-31", Why.POLICY_NOT_IN_FORCE,
            "validFrom: 2026-06-02", Why.POLICY_NOT_IN_FORCE);

    for (Map.Entry<String, Why> one : reasons.entrySet()) {
      assertThat(refused(one.getKey()).why()).as(one.getKey()).isEqualTo(one.getValue());
    }
    assertThat(judged("tensors: [\"*\"]\nrules: {allow: [fedavg], forbid: [krum]}\n"))
        .isInstanceOf(Judgement.Allowed.class);
  }

  @Test
  void judge_task_keepsHoursRoundsAndBytes() throws Exception {
    RoundTask task =
        new Consortium(folder.resolve("ca"))
            .task(ParameterLayout.of(List.of(TensorSpec.of("a", 5))), 1);

    assertThat(taskWhy(task, "hours: {windows: [\"22:00-06:00\"]}", NOON))
        .contains(Why.OUTSIDE_HOURS);
    assertThat(
            taskWhy(
                task, "hours: {zone: Asia/Shanghai, windows: [\"19:30-20:30\"]}", NOON)) // 20:00
        .isEmpty();
    assertThat(
            taskWhy(task, "hours: {windows: [\"22:00-06:00\"]}", NOON.plus(Duration.ofHours(11))))
        .isEmpty();
    assertThat(taskWhy(task, "roundsPerDay: 0", NOON)).contains(Why.ROUND_LIMIT);
    assertThat(taskWhy(task, "updateBytesPerRound: 999", NOON)).contains(Why.EGRESS_LIMIT);
    assertThat(taskWhy(task, "updateBytesPerDay: 999", NOON)).contains(Why.EGRESS_LIMIT);
    assertThat(taskWhy(task, "updateBytesPerRound: 1000", NOON)).isEmpty();
  }

  /** Over midnight, in a zone with summer time, and where two policies have to agree. */
  @Test
  void closed_outsideHours_saysWhenTheyBegin() throws Exception {
    String zurich = "hours: {zone: Europe/Zurich, windows: [\"22:15-06:00\"]}";
    // 14:00 in Zurich; it opens at 22:15 there, 20:15 UTC.
    assertThat(closed(zurich, NOON).orElseThrow().opens())
        .isEqualTo(Instant.parse("2026-06-01T20:15:00Z"));
    assertThat(closed(zurich, Instant.parse("2026-06-02T03:59:59Z"))).isEmpty();
    assertThat(closed(zurich, Instant.parse("2026-06-02T04:00:00Z"))).isPresent();
    // The clocks skip 2:00 to 3:00 on 2026-03-29: these hours are there the day after.
    assertThat(
            closed(
                    "hours: {zone: Europe/Zurich, windows: [\"02:10-02:50\"]}",
                    Instant.parse("2026-03-29T00:30:00Z"))
                .orElseThrow()
                .opens())
        .isEqualTo(Instant.parse("2026-03-30T00:10:00Z"));
    assertThat(closed("minSites: 2", NOON)).isEmpty();
  }

  @Test
  void closed_whatIsSaidAndDone_isThePolicys() throws Exception {
    SitePolicy.Closed usual = closed("hours: {windows: [\"22:00-06:00\"]}", NOON).orElseThrow();
    assertThat(usual.atClose()).isEqualTo(HouseRules.Hours.AtClose.PAUSE);
    assertThat(usual.openingSaid()).isTrue();
    SitePolicy.Closed other =
        closed("hours: {windows: [\"22:00-06:00\"], atClose: finish, tellOpening: false}", NOON)
            .orElseThrow();
    assertThat(other.atClose()).isEqualTo(HouseRules.Hours.AtClose.FINISH);
    assertThat(other.openingSaid()).isFalse();
  }

  private static Optional<SitePolicy.Closed> closed(String rules, Instant at) throws Exception {
    SitePolicy policy =
        SitePolicy.refuseAll().with(PolicyYaml.parse(rules + "\n")).with(approval());
    return policy.closed(PLAN, DIGEST, at);
  }

  @Test
  void policyFile_stricterLater_bindsAtOnce_looserLater_loosensNothing() throws Exception {
    Ticking clock = new Ticking();
    Path file = folder.resolve("policy.yaml");
    Files.writeString(file, "updateBytesPerDay: 5000\n");
    PolicyFile policy = new PolicyFile(file, clock);
    policy.record(approval());
    assertThat(policy.current().policy().judge(PLAN, DIGEST, 500, NOON))
        .isInstanceOf(Judgement.Allowed.class);

    Files.writeString(file, "modes: [masked]\n");
    clock.pass();
    assertThat(why(policy.current().policy().judge(PLAN, DIGEST, 500, NOON)))
        .contains(Why.MODE_REFUSED);

    Files.writeString(file, "updateBytesPerDay: 9000000\n");
    clock.pass();
    SitePolicy looser = policy.current().policy();
    assertThat(looser.judge(PLAN, DIGEST, 500, NOON)).isInstanceOf(Judgement.Allowed.class);
    assertThat(looser.volume(PLAN, DIGEST, NOON).updateBytesPerDay()).isEqualTo(5000);

    policy.record(approval());
    assertThat(policy.current().policy().volume(PLAN, DIGEST, NOON).updateBytesPerDay())
        .isEqualTo(9_000_000);
  }

  @Test
  void policyFile_looserAfterARefusedApproval_doesNotApprove() throws Exception {
    Ticking clock = new Ticking();
    Path file = folder.resolve("policy.yaml");
    Files.writeString(file, "minSites: 5\n");
    PolicyFile policy = new PolicyFile(file, clock);
    policy.record(approval());

    Files.writeString(file, "minSites: 2\n");
    clock.pass();

    assertThat(why(policy.current().policy().judge(PLAN, DIGEST, 500, NOON)))
        .contains(Why.TOO_FEW_SITES);
  }

  @Test
  void policyFile_copyAlteredOrFileGone_refuses() throws Exception {
    Ticking clock = new Ticking();
    Path file = folder.resolve("policy.yaml");
    PolicyFile policy = new PolicyFile(file, clock);
    policy.record(approval());
    assertThat(why(policy.current().policy().judge(PLAN, DIGEST, 500, NOON))).isEmpty();
    Digest given = policy.current().digest().orElseThrow();

    Files.writeString(folder.resolve("policies").resolve(given.hex() + ".yaml"), "minSites: 2\n");
    assertThat(why(new PolicyFile(file, clock).current().policy().judge(PLAN, DIGEST, 500, NOON)))
        .contains(Why.NOT_APPROVED);
    Files.delete(file);
    assertThat(new PolicyFile(file, clock).current().policy().approvals()).isEmpty();
  }

  @Test
  void parse_everyProblem_hasItsLineAndKey() {
    PolicyRefused refused =
        catchThrowableOfType(
            PolicyRefused.class,
            () ->
                PolicyYaml.parse(
                    """
                    modes: [sealde]
                    minSites: two
                    knownSite: {}
                    tasks: []
                    hours:
                      windows: ["22-06"]
                      zone: Mars/Olympus
                    privacy: {maxDelta: 2}
                    minSites: 3
                    """));

    assertThat(refused.problems().stream().map(p -> p.line() + " " + p.key()).toList())
        .contains("1 modes", "2 minSites", "3 ", "4 tasks", "6 hours.windows", "7 hours.zone")
        .contains("8 privacy.maxDelta", "9 minSites", "1 privacy.maxEpsilon");
    assertThat(refused).hasMessageContaining("unknown key knownSite");
  }

  @Test
  void referencePage_namesEveryKeyAndNoOther() throws IOException {
    Path page =
        Path.of(System.getProperty("consilium.root", ".."), "docs/reference/policy-file.md");
    Set<String> shown =
        Pattern.compile("^\\| ((?:`[a-zA-Z.]+`(?:, )?)+) \\|", Pattern.MULTILINE)
            .matcher(Files.readString(page))
            .results()
            .flatMap(row -> Pattern.compile("[a-zA-Z.]+").matcher(row.group(1)).results())
            .map(r -> r.group())
            .collect(Collectors.toCollection(TreeSet::new));
    Set<String> known = new TreeSet<>(PolicyYaml.KEYS);
    known.removeAll(Set.of("knownSites", "privacy", "rules", "hours"));
    PolicyYaml.KNOWN_SITES_KEYS.forEach(key -> known.add("knownSites." + key));
    PolicyYaml.PRIVACY_KEYS.forEach(key -> known.add("privacy." + key));
    PolicyYaml.RULES_KEYS.forEach(key -> known.add("rules." + key));
    PolicyYaml.HOURS_KEYS.forEach(key -> known.add("hours." + key));

    assertThat(shown).isEqualTo(known);
  }

  private static Judgement judged(String rules) throws PolicyRefused {
    return SitePolicy.refuseAll()
        .with(PolicyYaml.parse(rules))
        .with(approval())
        .judge(PLAN, DIGEST, 500, NOON);
  }

  private static Judgement.Refused refused(String rules) throws PolicyRefused {
    return (Judgement.Refused) judged(rules);
  }

  private static Optional<Why> taskWhy(RoundTask task, String rules, Instant now)
      throws PolicyRefused {
    SitePolicy policy = SitePolicy.refuseAll().with(PolicyYaml.parse(rules)).with(approval());
    return why(policy.judge(task, PLAN, 500, Usage.NONE, now));
  }

  private static Approval approval() {
    return new Approval(
        new Approval.Subject.Exact(Consortium.STUDY, DIGEST), true, 2, 10, Optional.empty());
  }

  private static Optional<Why> why(Judgement judgement) {
    return judgement instanceof Judgement.Refused(Why why, _) ? Optional.of(why) : Optional.empty();
  }

  /** A clock that goes on when told to. */
  private static final class Ticking implements InstantSource {
    private Instant now = NOON;

    @Override
    public Instant instant() {
      return now;
    }

    void pass() {
      now = now.plusMillis(PolicyFile.LOOK_AGAIN_MILLIS + 1);
    }
  }
}
