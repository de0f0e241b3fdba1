package org.consilium.site.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.util.Optional;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.TensorSpec;
import org.consilium.protocol.Aggregation;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.RoundTask;
import org.consilium.protocol.StudyPlan;
import org.consilium.site.protect.Consortium;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SitePolicyTest {
  private static final Instant NOW = Instant.parse("2026-06-01T12:00:00Z");
  private static final Digest DIGEST = Digest.sha256(new byte[] {1});

  @TempDir Path folder;

  @Test
  void judge_noPolicyFile_refusesEverything() {
    SitePolicy policy =
        new PolicyFile(folder.resolve("policy.yaml"), InstantSource.fixed(NOW)).current().policy();

    assertThat(why(policy.judge(Consortium.plan(), DIGEST, 500, NOW))).contains(Why.NOT_APPROVED);
  }

  @Test
  void judge_anotherDigestThanApproved_asksAgain() {
    SitePolicy policy = approving(exact(DIGEST), 2, 10, Optional.empty());

    assertThat(why(policy.judge(Consortium.plan(), DIGEST, 500, NOW))).isEmpty();
    assertThat(why(policy.judge(Consortium.plan(), Digest.sha256(new byte[0]), 500, NOW)))
        .contains(Why.NOT_APPROVED);
  }

  @Test
  void judge_eachBound_isEnforcedWithItsOwnReason() throws IOException {
    StudyPlan plan = Consortium.plan();

    assertThat(why(approving(exact(DIGEST), 3, 10, Optional.empty()).judge(plan, DIGEST, 500, NOW)))
        .contains(Why.TOO_FEW_SITES);
    assertThat(
            why(
                approving(exact(DIGEST), 2, 10, Optional.of(LocalDate.parse("2026-05-31")))
                    .judge(plan, DIGEST, 500, NOW)))
        .contains(Why.NOT_APPROVED);
    assertThat(why(approving(exact(DIGEST), 2, 10, Optional.empty()).judge(plan, DIGEST, 9, NOW)))
        .contains(Why.COHORT_TOO_SMALL);
    RoundTask task =
        new Consortium(folder.resolve("ca"))
            .task(ParameterLayout.of(java.util.List.of(TensorSpec.of("a", 5))), 1);
    SitePolicy policy = approving(exact(DIGEST), 2, 10, Optional.empty());
    assertThat(why(policy.judge(task, plan, 500, new Usage(9, 0, 0), NOW))).isEmpty();
    assertThat(why(policy.judge(task, plan, 500, new Usage(10, 0, 0), NOW)))
        .contains(Why.ROUND_LIMIT);
    assertThat(why(policy.judge(task, plan, 500, new Usage(0, 0, 8L << 30), NOW)))
        .contains(Why.EGRESS_LIMIT);
    Usage restless = new Usage(1, SitePolicy.STARTS_PER_ROUND, 0);
    assertThat(why(policy.judge(task, plan, 500, restless, NOW))).contains(Why.ROUND_LIMIT);
  }

  @Test
  void judge_modelToValidate_isBoundByThePolicyLikeAnUpdate() throws PolicyRefused {
    SitePolicy policy =
        approving(exact(DIGEST), 2, 10, Optional.empty())
            .with(PolicyYaml.parse("updateBytesPerRound: 5000\n"));

    Judgement larger =
        policy.judge(validate(5001), Consortium.plan(), 500, new Usage(0, 0, 0), NOW);

    assertThat(why(larger)).contains(Why.BAD_MODEL);
    assertThat(((Judgement.Refused) larger).detail()).contains("5001 bytes", "at most 5000");
    assertThat(why(policy.judge(validate(5000), Consortium.plan(), 500, new Usage(0, 0, 0), NOW)))
        .isEmpty();
  }

  /** Four bytes for each of 1000 values, and a header of 2 MiB and 512 bytes a tensor at most. */
  @Test
  void judge_modelLongerThanItsStudyExplains_isRefusedForEveryKindOfTask() throws IOException {
    long most = 4 * 1000 + 512 + (2L << 20);
    // SCAFFOLD's control variates are as many values and tensors again.
    long scaffold = 2 * (4 * 1000 + 512) + (2L << 20);
    StudyPlan plan = Consortium.plan();
    StudyPlan moving =
        Consortium.plan(
            new Aggregation(
                Aggregation.Rule.SCAFFOLD, 1, 0, 0, 0, 0, Aggregation.Weighting.UNIFORM));
    SitePolicy policy = approving(exact(DIGEST), 2, 10, Optional.empty());
    Usage none = new Usage(0, 0, 0);

    assertThat(why(policy.judge(validate(most), plan, 500, none, NOW))).isEmpty();
    assertThat(why(policy.judge(validate(most + 1), plan, 500, none, NOW))).contains(Why.BAD_MODEL);
    assertThat(why(policy.judge(validate(9L << 30), plan, 500, none, NOW))).contains(Why.BAD_MODEL);
    assertThat(why(policy.judge(validate(scaffold), moving, 500, none, NOW))).isEmpty();
    assertThat(why(policy.judge(validate(scaffold + 1), moving, 500, none, NOW)))
        .contains(Why.BAD_MODEL);
    RoundTask train =
        new Consortium(folder.resolve("ca"))
            .task(ParameterLayout.of(java.util.List.of(TensorSpec.of("a", 5))), 1);
    RoundTask longer =
        new RoundTask(
            train.kind(),
            train.study(),
            train.studyDigest(),
            train.round(),
            train.attempt(),
            train.window(),
            new RoundTask.ModelReference(train.model().version(), most + 1, DIGEST),
            train.remaining(),
            train.terms());
    assertThat(why(policy.judge(longer, plan, 500, none, NOW))).contains(Why.BAD_MODEL);
  }

  private static RoundTask validate(long fileBytes) {
    return new RoundTask(
        RoundTask.Kind.VALIDATE,
        Consortium.STUDY,
        DIGEST,
        1,
        1,
        0,
        new RoundTask.ModelReference(new ModelVersion(DIGEST), fileBytes, DIGEST),
        Duration.ofMinutes(1),
        Optional.empty());
  }

  @Test
  void record_denialAfterApproval_winsAndSurvivesTheFile() throws IOException {
    Path file = folder.resolve("policy.yaml");
    PolicyFile policies = new PolicyFile(file, InstantSource.fixed(NOW));
    policies.record(approval(exact(DIGEST), true));
    policies.record(approval(new Approval.Subject.Named(Consortium.STUDY), false));

    SitePolicy read = new PolicyFile(file, InstantSource.fixed(NOW)).current().policy();

    assertThat(read.approvals()).hasSize(2);
    assertThat(why(read.judge(Consortium.plan(), DIGEST, 500, NOW))).contains(Why.NOT_APPROVED);
  }

  @Test
  void parse_unknownKey_isAnErrorThatNamesIt() throws IOException {
    assertThatThrownBy(() -> PolicyYaml.parse("minSite: 5\n"))
        .isInstanceOf(PolicyRefused.class)
        .hasMessageContaining("unknown key minSite");
    Path file = folder.resolve("policy.yaml");
    Files.writeString(file, "minSite: 5\n");

    PolicyFile.Read read = new PolicyFile(file, InstantSource.fixed(NOW)).current();

    assertThat(read.policy().approvals()).isEmpty();
    assertThat(read.complaint()).contains("minSite");
  }

  private static SitePolicy approving(
      Approval.Subject subject, int minSites, int rounds, Optional<LocalDate> until) {
    return SitePolicy.refuseAll().with(new Approval(subject, true, minSites, rounds, until));
  }

  private static Approval approval(Approval.Subject subject, boolean granted) {
    return new Approval(subject, granted, 2, 10, Optional.empty());
  }

  private static Approval.Subject exact(Digest digest) {
    return new Approval.Subject.Exact(Consortium.STUDY, digest);
  }

  private static Optional<Why> why(Judgement judgement) {
    return judgement instanceof Judgement.Refused(Why why, _) ? Optional.of(why) : Optional.empty();
  }
}
