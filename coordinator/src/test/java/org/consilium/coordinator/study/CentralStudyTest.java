package org.consilium.coordinator.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.Optional;
import org.consilium.coordinator.study.StudySnapshot.State;
import org.consilium.coordinator.yaml.YamlRefused;
import org.consilium.protocol.Aggregation;
import org.consilium.protocol.CentralPrivacy;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.wire.PlanCodec;
import org.consilium.security.privacy.ExactGaussian;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Noise that the coordinator adds: what a file may ask for, and a whole study with it. */
final class CentralStudyTest {
  private static final String FILE =
      """
      metadata: {name: central}
      spec:
        model: {architecture: resnet-gn, height: 64, width: 64}
        task: {labels: [absent, present]}
        algorithm: {name: fedavg, rounds: 20, weighting: uniform}
        privacy: {mode: sealed, central: {sigma: 1}}
        sites: {include: [north, south, east, west]}
      """;

  @TempDir Path folder;

  /** The specification's own example: noise 1, 20 rounds, δ 1e-5 come to 30.1266311. */
  @Test
  void parse_ownNoise_isCountedByTheAccountant() throws YamlRefused {
    StudyPlan plan = StudyFile.parse(FILE);

    CentralPrivacy terms = plan.protection().central().orElseThrow();
    assertThat(StudyCentral.siteEpsilon(plan, 20).orElseThrow())
        .isCloseTo(30.1266311, within(1e-6));
    assertThat(terms.epsilon()).isBetween(30.1266311, 30.1268);
    assertThat(StudyCentral.patientEpsilon(plan, 20).orElseThrow())
        .isGreaterThan(ExactGaussian.of(0.5, 20).epsilon(1e-5));
    assertThat(StudyCentral.objection(plan)).isEmpty();
    assertThat(StudyCentral.words(plan).orElse(""))
        .contains("epsilon 30.12663", "one patient of one site", "is trusted with it");
    assertThat(PlanCodec.decode(PlanCodec.encode(plan))).isEqualTo(plan);
  }

  @Test
  void parse_epsilonAsked_takesTheLeastNoiseThatKeepsIt() throws YamlRefused {
    StudyPlan plan = StudyFile.parse(FILE.replace("sigma: 1", "epsilon: 4"));

    double sigma = plan.protection().central().orElseThrow().sigma();
    assertThat(StudyCentral.siteEpsilon(plan, 20).orElseThrow()).isBetween(3.999, 4.0);
    assertThat(ExactGaussian.of(sigma, 20).epsilon(1e-5)).isLessThan(4);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          mode: sealed                 | mode: masked                            | under masks it sees the sum alone
          weighting: uniform           | weighting: samples                      | needs algorithm weighting uniform
          name: fedavg                 | name: fedavg, robust: {rule: norm-clip} | does not go with a robust rule
          name: fedavg                 | name: fedema                            | does not go with algorithm fedema
          central: {sigma: 1}          | central: {sigma: 1}, dp: {epsilon: 8}   | does not go with dp
          {sigma: 1}                   | {sigma: 1, epsilon: 8}                  | either epsilon or sigma
          {sigma: 1}                   | {delta: 1e-5}                           | either epsilon or sigma
          {sigma: 1}                   | {sigma: 0.01}                           | sigma must be in [0.1, 10000]
          {sigma: 1}                   | {epsilon: 1e-4}                         | is too small for 20 rounds
          {sigma: 1}                   | {sigma: 1, clip: 2}                     | unknown key
          """)
  void parse_centralNoiseThatCannotBe_isRefusedWithTheReason(
      String what, String instead, String reason) {
    YamlRefused refused =
        catchThrowableOfType(YamlRefused.class, () -> StudyFile.parse(FILE.replace(what, instead)));

    assertThat(refused).isNotNull();
    assertThat(refused.problems().getFirst().message()).contains(reason);
  }

  @Test
  void gate_planThatPromisesMoreThanItsNoiseKeeps_isRefused() throws YamlRefused {
    StudyPlan plan = StudyFile.parse(FILE);

    StudyPlan boastful =
        with(plan, plan.protection().with(new CentralPrivacy(2, 1e-5, 1)), plan.aggregation());

    assertThat(StudyCentral.objection(boastful).orElse(""))
        .contains("sigma 1.0 comes to epsilon 30.1266 in 20 rounds, the plan says 2.0");
  }

  @Test
  void study_withCentralNoise_saysWhatItHasComeToAndIsNotDoneAgain() throws Exception {
    try (TestConsortium c = new TestConsortium(folder, 3)) {
      c.retention = Retention.KEEP;
      c.restart(c.journal);
      StudyPlan plain = TestPlan.of(c.ids).rounds(2, 0).parameters(2_000).plan();
      Aggregation uniform = StudyFile.parse(FILE).aggregation();
      StudyPlan _ =
          c.begin(with(plain, plain.protection().with(new CentralPrivacy(50, 1e-5, 0.5)), uniform));

      c.run(c.ids, State.COMPLETED);

      StudySnapshot study = c.snapshot();
      assertThat(StudyCentral.versions(study)).isEqualTo(2);
      double spent = StudyCentral.siteEpsilon(study.plan(), 2).orElseThrow();
      assertThat(ModelCard.of(study, study.models().getLast()))
          .contains("after 2 round(s) epsilon %.6f".formatted(Math.ceil(spent * 1e6) / 1e6))
          .contains("which sees every update and is trusted with it");
      Replayed replayed = new StudyReplay(c.around(c.journal)).replay(TestConsortium.STUDY);
      assertThat(replayed.rounds())
          .singleElement()
          .isInstanceOfSatisfying(
              Replayed.Round.Missing.class,
              m -> assertThat(m.toString()).contains("a round with central noise"));
    }
  }

  private static StudyPlan with(
      StudyPlan plan, StudyPlan.Protection protection, Aggregation aggregation) {
    return new StudyPlan(
        plan.study(),
        plan.title(),
        plan.model(),
        Optional.empty(),
        plan.task(),
        plan.tuning(),
        plan.training(),
        aggregation,
        protection,
        plan.participation(),
        plan.monitoring(),
        plan.labels(),
        plan.select(),
        plan.seed(),
        plan.rounds());
  }
}
