package org.consilium.coordinator.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.consilium.coordinator.yaml.YamlProblem;
import org.consilium.coordinator.yaml.YamlRefused;
import org.consilium.protocol.Aggregation;
import org.consilium.protocol.Aggregation.Rule;
import org.consilium.protocol.Aggregation.Weighting;
import org.consilium.protocol.Encoding;
import org.consilium.protocol.Exposure;
import org.consilium.protocol.PatientPrivacy;
import org.consilium.protocol.Robust;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.wire.PlanCodec;
import org.consilium.security.privacy.NoisySteps;
import org.consilium.security.privacy.Spend;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class StudyFileTest {
  private static final String MINIMAL =
      """
      apiVersion: consilium/v1
      kind: Study
      metadata: {name: cxr-pneumonia, title: {en: Chest X-ray pneumonia, zh: 胸片肺炎}}
      spec:
        model: {architecture: resnet-gn, height: 64, width: 64}
        task: {type: classification, labels: [normal, pneumonia]}
        algorithm: {name: fedprox, mu: 1e-2, rounds: 25}
        sites: {include: [south, north, east, west], deadline: 2h}
      """;

  private static List<YamlProblem> problems(String yaml) {
    YamlRefused refused = catchThrowableOfType(YamlRefused.class, () -> StudyFile.parse(yaml));
    assertThat(refused).as("the file must be refused").isNotNull();
    return refused.problems();
  }

  @Test
  void parse_minimal_takesTheDefaults() throws YamlRefused {
    StudyPlan plan = StudyFile.parse(MINIMAL);

    assertThat(plan.title()).isEqualTo("Chest X-ray pneumonia / 胸片肺炎");
    assertThat(plan.model().classes()).isEqualTo(1);
    assertThat(plan.training().proximalMu()).isEqualTo(0.01);
    assertThat(plan.training().batchSize()).isEqualTo(8);
    assertThat(plan.training().optimiser().learningRate()).isEqualTo(0.002);
    assertThat(plan.participation().quorum()).isEqualTo(3); // two thirds of 4, rounded up
    assertThat(plan.participation().deadline()).isEqualTo(Duration.ofHours(2));
    assertThat(plan.protection().smallCell()).isEqualTo(11);
    assertThat(plan.rounds()).isEqualTo(25);
    assertThat(PlanCodec.decode(PlanCodec.encode(plan))).isEqualTo(plan);
  }

  /** σ is the least that keeps ε over 25 rounds and 3 to begin again, of 20 steps each. */
  @Test
  void parse_epsilonAsked_worksTheNoiseOut() throws YamlRefused {
    StudyPlan plan = StudyFile.parse(MINIMAL + "  privacy: {dp: {epsilon: 8, rate: 0.05}}\n");

    PatientPrivacy terms = plan.protection().patients().orElseThrow();
    assertThat(terms.roundSteps(plan.training())).isEqualTo(20);
    assertThat(epsilon(terms.sigma(), 0.05, 28 * 20)).isLessThanOrEqualTo(8);
    assertThat(epsilon(terms.sigma() - 2e-4, 0.05, 28 * 20)).isGreaterThan(8);
    assertThat(StudyPrivacy.epsilon(plan, 25).orElseThrow()).isLessThan(8);
    assertThat(StudyPrivacy.objection(plan)).isEmpty();
    assertThat(plan.training().localBaseline()).isFalse();
    assertThat(plan.training().optimiser().gradientClip()).isZero();
    assertThat(PlanCodec.decode(PlanCodec.encode(plan))).isEqualTo(plan);
  }

  @Test
  void parse_ownNoise_isTakenWithTheEpsilonItComesTo() throws YamlRefused {
    StudyPlan plan =
        StudyFile.parse(MINIMAL + "  privacy: {dp: {sigma: 2, rate: 0.05, clip: 0.5}}\n");

    PatientPrivacy terms = plan.protection().patients().orElseThrow();
    assertThat(terms.epsilon()).isBetween(epsilon(2, 0.05, 560), epsilon(2, 0.05, 560) + 1e-4);
    assertThat(terms.clip()).isEqualTo(0.5);
  }

  private static double epsilon(double sigma, double rate, long steps) {
    return Spend.none().plus(new NoisySteps(sigma, rate, steps)).guarantee(1e-5).epsilon();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {delta: 1e-5}                 |                            | epsilon | required, unless sigma
          {epsilon: 0}                  |                            | epsilon | must be in (0, 50]
          {epsilon: 8, delta: 0.1}      |                            | delta   | must be in (0, 0.001]
          {epsilon: 8, rate: 0}         |                            | rate    | must be in [0.0001, 1]
          {epsilon: 8, clip: 0}         |                            | clip    | must be in (0, 1000]
          {epsilon: 0.001}              |                            | epsilon | is too small for 280 steps
          {epsilon: 1, sigma: 0.5}      |                            | sigma   | is too small for epsilon 1.0
          {epsilon: 8, noise: 1}        |                            | noise   | unknown key
          {epsilon: 8}                  | {localBaseline: true}      | privacy | needs localBaseline false
          {epsilon: 8}                  | {personal: {method: ditto}} | privacy | needs personal none
          """)
  void parse_noiseThatCannotBe_isRefusedWithTheReason(
      String dp, String training, String key, String reason) {
    String yaml =
        MINIMAL
            + "  privacy: {dp: %s}\n".formatted(dp)
            + (training == null ? "" : "  training: %s\n".formatted(training));

    YamlProblem problem = problems(yaml).getFirst();

    assertThat(problem.path()).endsWith(key);
    assertThat(problem.message()).contains(reason);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          task: {type: classification | task: {correction: balanced, type: classification | needs correction none
          fedprox, mu: 1e-2 | feddg-ga | does not go with algorithm feddg-ga
          fedprox, mu: 1e-2 | fedema   | does not go with algorithm fedema
          architecture: resnet-gn, height: 64, width: 64 | architecture: vit-base-16, height: 224, width: 224, channels: 3 | dp trains at most 2,000,000 parameters
          """)
  void parse_studyThatNoiseDoesNotGoWith_isRefusedWithTheReason(
      String what, String instead, String reason) {
    String yaml = MINIMAL.replace(what, instead) + "  privacy: {dp: {epsilon: 8}}\n";

    assertThat(problems(yaml).getFirst().message()).contains(reason);
  }

  @Test
  void parse_pairsWithNoise_areRefused() {
    String yaml =
        MINIMAL
                .replace("resnet-gn", "simclr-resnet-gn")
                .replace("type: classification", "type: contrastive")
            + "  privacy: {dp: {epsilon: 8}}\n";

    assertThat(problems(yaml).getFirst().message())
        .contains("its loss compares patients, so that none has a gradient of its own");
  }

  /** Defaults of the papers and of the reference page. */
  @Test
  void parse_eachAlgorithm_takesItsOwnDefaults() throws YamlRefused {
    assertThat(algorithm("fedavg")).isEqualTo(Aggregation.FEDAVG);
    assertThat(algorithm("fedavgm")).isEqualTo(aggregation(Rule.FEDAVGM, 1, .9, 0, 0));
    assertThat(algorithm("fedadam")).isEqualTo(aggregation(Rule.FEDADAM, .01, .9, .99, 1e-3));
    assertThat(algorithm("fedyogi")).isEqualTo(aggregation(Rule.FEDYOGI, .01, .9, .99, 1e-3));
    assertThat(algorithm("fedadagrad")).isEqualTo(aggregation(Rule.FEDADAGRAD, .01, .9, 0, 1e-3));
    assertThat(algorithm("fednova")).isEqualTo(aggregation(Rule.FEDNOVA, 1, 0, 0, 0));
    assertThat(algorithm("scaffold"))
        .isEqualTo(new Aggregation(Rule.SCAFFOLD, 1, 0, 0, 0, 0, Weighting.UNIFORM));
    assertThat(algorithm("feddg-ga"))
        .isEqualTo(new Aggregation(Rule.FEDDG_GA, 1, 0, 0, 0, .2, Weighting.SAMPLES));
  }

  private static Aggregation algorithm(String name) throws YamlRefused {
    StudyPlan plan =
        StudyFile.parse(
            MINIMAL.replace("name: fedprox, mu: 1e-2", "name: " + name)
                + "  training: {optimiser: sgd}\n");
    assertThat(PlanCodec.decode(PlanCodec.encode(plan))).isEqualTo(plan);
    return plan.aggregation();
  }

  private static Aggregation aggregation(
      Rule rule, double rate, double momentum, double beta2, double tau) {
    return new Aggregation(rule, rate, momentum, beta2, tau, 0, Weighting.SAMPLES);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          fedavg, mu: 0.1             |            | mu belongs to fedprox; leave it out for fedavg
          fedavg, momentum: 0.9       |            | momentum fedavg does not take it
          fedavgm, beta2: 0.9         |            | beta2 fedavgm does not take it
          fedadam, momentum: 0.9      |            | momentum fedadam does not take it
          fedadagrad, beta2: 0.9      |            | beta2 fedadagrad does not take it
          fedadam, tau: 0             |            | tau must be in [1e-12, 1]
          fedyogi, beta2: 1           |            | beta2 must be in [0, 1)
          scaffold, weighting: samples | sgd       | weighting must be uniform for scaffold
          scaffold                    | adamw      | algorithm scaffold needs optimiser sgd
          scaffold                    | sgd, momentum: 0.9 | algorithm scaffold needs momentum 0
          scaffold                    | sgd, layerDecay: 0.8 | algorithm scaffold needs layerDecay 1
          scaffold                    | sgd, averaging: 0.9 | algorithm scaffold needs averaging 0
          feddg-ga, weighting: uniform |           | weighting must be left out for feddg-ga
          feddg-ga, adjustment: 0     |            | adjustment must be in (0, 1]
          fedavg, adjustment: 0.1     |            | adjustment fedavg does not take it
          fednova                     | adamw      | algorithm fednova needs optimiser sgd
          fednova                     | sgd, averaging: 0.9 | algorithm fednova needs averaging 0
          krum                        |            | name must be one of
          median                      |            | name must be one of
          """)
  void parse_combinationsThatMakeNoSense_areRefusedWithTheReason(
      String algorithm, String optimiser, String reason) {
    String yaml =
        MINIMAL.replace("name: fedprox, mu: 1e-2", "name: " + algorithm)
            + (optimiser == null ? "" : "  training: {optimiser: %s}\n".formatted(optimiser));

    YamlProblem problem = problems(yaml).getFirst();

    String key = reason.substring(0, reason.indexOf(' '));
    assertThat(problem.path()).startsWith("spec.algorithm").endsWith(key);
    assertThat(
            problem.message().startsWith(key) ? problem.message() : key + " " + problem.message())
        .startsWith(reason);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          tuning: {regime: ffa-lora}           | spec.tuning | has no attention layers for an adapter
          tuning: {regime: probe, local: head} | spec.tuning.local | must not be head for probe
          tuning: {regime: full, rank: 4}      | spec.tuning.rank | must be 1-256 for an adapter
          training: {augmentation: sideways}   | spec.training.augmentation | must be none, weak
          training: {momentum: 0.9}            | spec.training.momentum | for sgd and left out
          """)
  void parse_tuningThatMakesNoSense_isRefusedWithTheReason(
      String line, String path, String reason) {
    YamlProblem problem = problems(MINIMAL + "  " + line + "\n").getFirst();

    assertThat(problem.path()).isEqualTo(path);
    assertThat(problem.message()).contains(reason);
  }

  @Test
  void parse_tuningOfATransformer_isInThePlan() throws Exception {
    StudyPlan plan =
        StudyFile.parse(
            MINIMAL.replace("architecture: resnet-gn", "architecture: vit-mini")
                + "  tuning: {regime: ffa-lora, rank: 4, local: head}\n");

    assertThat(plan.tuning())
        .isEqualTo(
            new StudyPlan.Tuning(
                StudyPlan.Tuning.Regime.FFA_LORA, 0, 4, 8, StudyPlan.Tuning.Local.HEAD));
  }

  @Test
  void parse_feddgGaWithCoarseWeights_isRefused() {
    String yaml =
        MINIMAL.replace("name: fedprox, mu: 1e-2", "name: feddg-ga")
            + "  privacy: {weightMax: 4}\n";

    assertThat(problems(yaml).getFirst().message()).contains("a weightMax of at least 8");
  }

  @Test
  void parse_uniformWeighting_spendsNoBitsOnWeights() throws YamlRefused {
    String yaml = MINIMAL.replace("mu: 1e-2", "weighting: uniform");

    assertThat(StudyFile.parse(yaml).protection().weightMax()).isEqualTo(1);
    assertThat(StudyFile.parse(MINIMAL).protection().weightMax()).isEqualTo(64);
  }

  @Test
  void parse_fednovaInATinyRange_isRefused() {
    String yaml =
        MINIMAL.replace("name: fedprox, mu: 1e-2", "name: fednova")
            + "  training: {optimiser: sgd}\n  privacy: {range: 0.5}\n";

    assertThat(problems(yaml).getFirst().message()).contains("a range of at least 1");
  }

  @Test
  void parse_ringOf64Bits_goesWithMaskedAndTheRangeOf8Alone() throws YamlRefused {
    StudyPlan plan = StudyFile.parse(MINIMAL + "  privacy: {ring: 64}\n");

    assertThat(plan.protection().exposure()).isEqualTo(new Exposure.Masked(Exposure.Ring.BITS_64));
    assertThat(PlanCodec.decode(PlanCodec.encode(plan))).isEqualTo(plan);
    assertThat(StudyFile.parse(MINIMAL).protection().exposure().ring())
        .isEqualTo(Exposure.Ring.BITS_32);
    assertThat(problems(MINIMAL + "  privacy: {ring: 48}\n").getFirst().message())
        .contains("must be 32 or 64, got 48");
    assertThat(problems(MINIMAL + "  privacy: {mode: sealed, ring: 64}\n").getFirst().message())
        .contains("goes with mode: masked alone");
    assertThat(problems(MINIMAL + "  privacy: {ring: 64, range: 4}\n").getFirst().message())
        .contains("must be 8 with ring: 64, got 4");
  }

  @Test
  void parse_narrowEncoding_goesWithSealedAlone() throws YamlRefused {
    String int8 = MINIMAL + "  transfer: {encoding: int8}\n";
    StudyPlan plan = StudyFile.parse(int8 + "  privacy: {mode: sealed}\n");

    assertThat(plan.protection().exposure())
        .isEqualTo(new Exposure.Sealed(Robust.none(), Encoding.INT8));
    assertThat(PlanCodec.decode(PlanCodec.encode(plan))).isEqualTo(plan);
    assertThat(StudyFile.parse(MINIMAL).protection().exposure().encoding())
        .isEqualTo(Encoding.FULL);
    assertThat(problems(int8))
        .extracting(YamlProblem::path, YamlProblem::message)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple(
                "spec.transfer.encoding", "int8 goes with privacy mode sealed alone"));
    assertThat(problems(MINIMAL + "  transfer: {encoding: fp8}\n").getFirst().message())
        .contains("must be full, int16 or int8, got fp8");
    String nova =
        (int8 + "  privacy: {mode: sealed}\n  training: {optimiser: sgd}\n")
            .replace("name: fedprox, mu: 1e-2", "name: fednova");
    assertThat(problems(nova).getFirst().message())
        .contains("encoding must be full under fednova and scaffold");
  }

  @Test
  void parse_misspeltKeys_namesEachWithPlaceAndLikelyKey() {
    String yaml = MINIMAL.replace("rounds: 25", "round: 25").replace("deadline: 2h", "quorrum: 3");

    assertThat(problems(yaml))
        .extracting(YamlProblem::line, YamlProblem::path, YamlProblem::message)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple(
                7, "spec.algorithm.round", "unknown key; did you mean rounds?"),
            org.assertj.core.groups.Tuple.tuple(
                8, "spec.sites.quorrum", "unknown key; did you mean quorum?"));
  }

  @Test
  void parse_selectNotAmongMetrics_isRefused() {
    String yaml =
        MINIMAL.replace("pneumonia]}\n  alg", "pneumonia], metrics: [loss], select: auroc}\n  alg");

    assertThat(problems(yaml).getFirst().message()).isEqualTo("auroc is not among metrics [loss]");
  }

  private static String crowd(int sites, String privacy) {
    String names =
        IntStream.rangeClosed(1, sites)
            .mapToObj("site-%04d"::formatted)
            .collect(Collectors.joining(", "));
    return MINIMAL.replace("south, north, east, west", names) + "  privacy: {" + privacy + "}\n";
  }

  @Test
  void parse_aThousandSites_sealedAreTakenAndMaskedAreRefused() throws YamlRefused {
    StudyPlan plan = StudyFile.parse(crowd(1024, "mode: sealed"));

    assertThat(plan.participation().sites()).hasSize(1024);
    assertThat(PlanCodec.decode(PlanCodec.encode(plan))).isEqualTo(plan);
    // by hand: 30 - log2 64 - log2 1024
    assertThat(FixedPoint.terms(plan, 1024).magnitudeBits()).isEqualTo(14);
    assertThat(problems(crowd(1025, "mode: sealed")).toString()).contains("2-1024");
    assertThat(problems(crowd(129, "mode: masked")).toString())
        .contains("sites must be at most 128 under masking")
        .contains("got 129");
    assertThat(StudyFile.parse(crowd(128, "mode: masked")).participation().sites()).hasSize(128);
  }

  @Test
  void parse_maskedWithAQuorumOfTwo_isRefusedInPlainWords() {
    String yaml = MINIMAL + "  privacy: {mode: masked}\n";

    assertThat(problems(yaml.replace("deadline:", "quorum: 2, deadline:")).getFirst().message())
        .contains("quorum must be at least 3 under masking");
  }

  @Test
  void parse_wrongTypesAndRanges_areAllFoundAtOnce() {
    String yaml =
        MINIMAL
                .replace("rounds: 25", "rounds: many")
                .replace("height: 64", "height: 4")
                .replace("deadline: 2h", "deadline: soon")
            + "  training: {batchSize: 0, cosine: yes}\n";

    assertThat(problems(yaml))
        .extracting(YamlProblem::path)
        .containsExactly(
            "spec.model.height",
            "spec.algorithm.rounds",
            "spec.sites.deadline",
            "spec.training.batchSize",
            "spec.training.cosine");
  }

  @Test
  void parse_tasksOfPairs_takeDefaultsOfTheirOwn() throws YamlRefused {
    StudyPlan views = StudyFile.parse(pairs("simclr-vit-mini", "contrastive", "fedema"));
    StudyPlan texts = StudyFile.parse(pairs("clip-resnet-gn", "image-text", "fedavg"));

    assertThat(views.training().batchSize()).isEqualTo(64);
    assertThat(views.tuning().local()).isEqualTo(StudyPlan.Tuning.Local.HEAD);
    assertThat(views.aggregation().tau()).isEqualTo(.7);
    assertThat(views.select()).isEqualTo("loss");
    assertThat(texts.training().batchSize()).isEqualTo(64);
    assertThat(texts.tuning().local()).isEqualTo(StudyPlan.Tuning.Local.NOTHING);
    assertThat(texts.select()).isEqualTo("auroc");
    assertThat(PlanCodec.decode(PlanCodec.encode(views))).isEqualTo(views);
    assertThat(PlanCodec.decode(PlanCodec.encode(texts))).isEqualTo(texts);
  }

  @Test
  void parse_taskOnAnotherTasksModel_isRefused() {
    assertThat(problems(pairs("resnet-gn", "contrastive", "fedavg")).getFirst().message())
        .contains("task contrastive needs an architecture simclr-");
    assertThat(problems(pairs("simclr-resnet-gn", "image-text", "fedavg")).getFirst().message())
        .contains("task image-text needs an architecture clip-");
    assertThat(problems(pairs("clip-resnet-gn", "classification", "fedavg")).getFirst().message())
        .contains("is for pre-training alone");
    assertThat(
            problems(
                    pairs("clip-resnet-gn", "image-text", "fedavg")
                        .replace("type: image-text", "type: image-text, correction: prior"))
                .getFirst()
                .message())
        .contains("correction must be none for this task");
  }

  private static String pairs(String architecture, String task, String algorithm) {
    return MINIMAL
        .replace("architecture: resnet-gn", "architecture: " + architecture)
        .replace("type: classification", "type: " + task)
        .replace("name: fedprox, mu: 1e-2", "name: " + algorithm);
  }

  @Test
  void parse_quorumAboveSites_isRefused() {
    assertThat(problems(MINIMAL.replace("deadline: 2h", "quorum: 5")).getFirst().message())
        .contains("quorum must be 2-4");
  }

  @Test
  void parse_keyTwice_isRefused() {
    assertThat(problems(MINIMAL.replace("rounds: 25", "rounds: 25, rounds: 26")).getFirst())
        .extracting(YamlProblem::message)
        .isEqualTo("this key is given twice");
  }

  @Test
  void parse_aliasBomb_isRefusedBeforeExpansion() {
    assertThat(problems("a: &a [x]\nb: [*a, *a]\n").getFirst().message()).contains("aliases");
  }

  @Test
  void badInput_48_tooDeep_isRefused() {
    assertThat(problems("a: " + "[".repeat(5000) + "]".repeat(5000)).getFirst().message())
        .startsWith("not YAML");
  }

  @Test
  void parse_notAMapping_isRefused() {
    assertThat(problems("- a\n").getFirst().line()).isEqualTo(1);
    assertThat(problems("").getFirst().message()).contains("mapping");
  }
}
