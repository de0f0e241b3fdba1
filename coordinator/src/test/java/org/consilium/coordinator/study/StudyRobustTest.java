package org.consilium.coordinator.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.List;
import org.consilium.coordinator.aggregate.robust.RobustRule;
import org.consilium.coordinator.yaml.YamlRefused;
import org.consilium.proto.v1.Protection;
import org.consilium.protocol.Aggregation.Weighting;
import org.consilium.protocol.Exposure;
import org.consilium.protocol.MalformedMessage;
import org.consilium.protocol.Robust;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.wire.PlanCodec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Robust rules in study files and in plans. */
final class StudyRobustTest {
  private static String file(String algorithm, String more) {
    return """
    metadata: {name: cxr}
    spec:
      model: {architecture: resnet-gn, height: 64, width: 64}
      task: {labels: [normal, pneumonia]}
      algorithm: {%s}
      sites: {include: [s-1, s-2, s-3, s-4, s-5, s-6, s-7], quorum: 6}
    %s\
    """
        .formatted(
            algorithm, more.contains("privacy") ? more : more + "  privacy: {mode: sealed}\n");
  }

  private static Robust robust(String keys) throws YamlRefused {
    StudyPlan plan = StudyFile.parse(file("robust: {%s}".formatted(keys), ""));
    assertThat(PlanCodec.decode(PlanCodec.encode(plan))).isEqualTo(plan);
    return plan.protection().exposure().robustRule();
  }

  @Test
  void parse_eachRule_takesItsOwnDefaultsAndTravels() throws YamlRefused {
    assertThat(robust("rule: norm-clip")).isEqualTo(new Robust.NormClip(2, 1));
    assertThat(robust("rule: median, faulty: 2")).isEqualTo(new Robust.Median(2));
    assertThat(robust("rule: trimmed-mean")).isEqualTo(new Robust.TrimmedMean(0.2, 1));
    assertThat(robust("rule: krum")).isEqualTo(new Robust.Krum(1));
    assertThat(robust("rule: multi-krum, kept: 3")).isEqualTo(new Robust.MultiKrum(1, 3));
    assertThat(robust("rule: geometric-median")).isEqualTo(new Robust.GeometricMedian(1));
  }

  @Test
  void parse_coordinateRule_countsSitesTheSame() throws YamlRefused {
    StudyPlan plan = StudyFile.parse(file("robust: {rule: median}", ""));

    assertThat(plan.aggregation().weighting()).isEqualTo(Weighting.UNIFORM);
    assertThat(plan.protection().weightMax()).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          robust: {rule: bulyan}                          | rule must be one of
          robust: median                                  | robust must be a mapping
          robust: {rule: median, kept: 2}                 | kept median does not take it
          robust: {rule: krum, times: 2}                  | times krum does not take it
          robust: {rule: multi-krum}                      | kept multi-krum needs it
          robust: {rule: norm-clip, times: 0.5}           | robust robust times must be 1-100
          robust: {rule: trimmed-mean, fraction: 0.5}     | robust robust fraction must be in (0, 0.5)
          robust: {rule: median, faulty: 0}               | robust robust faulty must be 1-63
          robust: {rule: krum, faulty: 2}                 | krum needs at least 7 updates where 2 sites may be faulty, got 6, got quorum 6
          robust: {rule: multi-krum, kept: 4}             | multi-krum may keep at most 3 of 6 updates
          robust: {rule: trimmed-mean, faulty: 2}         | a fraction of 0.2 drops 1 of 6 updates at each end, but 2 sites may be faulty
          robust: {rule: median}, weighting: samples      | algorithm robust median needs weighting uniform
          name: fedema, robust: {rule: krum}              | algorithm robust krum goes with fedavg
          name: feddg-ga, robust: {rule: krum}            | algorithm robust krum goes with fedavg
          """)
  void parse_rulesThatCannotHold_areRefusedWithTheReason(String algorithm, String reason) {
    assertThat(problems(file(algorithm, ""))).anyMatch(p -> p.contains(reason));
  }

  @ParameterizedTest
  @CsvSource({"fednova", "scaffold"})
  void parse_algorithmsThatSendMoreThanADelta_areRefused(String name) {
    String yaml =
        file("name: %s, robust: {rule: krum}".formatted(name), "  training: {optimiser: sgd}\n");

    assertThat(problems(yaml)).anyMatch(p -> p.contains("goes with fedavg"));
  }

  @Test
  void parse_maskedAndRobust_saysWhyNot() {
    assertThat(problems(file("robust: {rule: krum}", "  privacy: {mode: masked}\n")))
        .anyMatch(p -> p.contains("under masks the coordinator sees the sum alone"));
  }

  private static List<String> problems(String yaml) {
    YamlRefused refused = catchThrowableOfType(YamlRefused.class, () -> StudyFile.parse(yaml));
    assertThat(refused).as("the file must be refused").isNotNull();
    return refused.problems().stream()
        .map(p -> p.path().replaceFirst(".*\\.", "") + " " + p.message())
        .toList();
  }

  @Test
  void decode_maskedWithARule_isRefused() throws Exception {
    StudyPlan plan = StudyFile.parse(file("robust: {rule: krum}", ""));
    var message = org.consilium.proto.v1.StudyPlan.parseFrom(PlanCodec.encode(plan)).toBuilder();
    message.getProtectionBuilder().setMode(Protection.Mode.MASKED).setRingBits(32);

    assertThatThrownBy(() -> PlanCodec.decode(message.build().toByteArray()))
        .isInstanceOf(MalformedMessage.class)
        .hasMessageContaining("robust rule krum needs mode SEALED");
  }

  @Test
  void decode_numberThatTheRuleDoesNotTake_isRefused() throws Exception {
    StudyPlan plan = StudyFile.parse(file("robust: {rule: krum}", ""));
    var message = org.consilium.proto.v1.StudyPlan.parseFrom(PlanCodec.encode(plan)).toBuilder();
    message.getProtectionBuilder().getRobustBuilder().setKept(3);

    assertThatThrownBy(() -> PlanCodec.decode(message.build().toByteArray()))
        .isInstanceOf(MalformedMessage.class)
        .hasMessageContaining("a number that it does not take");
  }

  /** The bytes, and with them the digests that sites approved, are those of before. */
  @Test
  void encode_withoutARule_holdsNoField() throws Exception {
    StudyPlan plan = StudyFile.parse(file("name: fedavg", ""));
    var message = org.consilium.proto.v1.StudyPlan.parseFrom(PlanCodec.encode(plan));

    assertThat(plan.protection().exposure()).isEqualTo(new Exposure.Sealed());
    assertThat(message.getProtection().hasRobust()).isFalse();
  }

  static List<Robust> rules() {
    return List.of(
        new Robust.NormClip(2, 2),
        new Robust.Median(2),
        new Robust.TrimmedMean(0.2, 2),
        new Robust.Krum(2),
        new Robust.MultiKrum(2, 3),
        new Robust.GeometricMedian(2));
  }

  /** A plan that is accepted is never met by a rule that then refuses a full quorum. */
  @ParameterizedTest
  @MethodSource("rules")
  void unmet_ofAPlan_agreesWithTheRule(Robust plan) {
    RobustRule rule = RobustRule.of(plan).orElseThrow();
    for (int updates = 2; updates <= 30; updates++) {
      assertThat(plan.unmet(updates).isEmpty())
          .as("%d updates", updates)
          .isEqualTo(rule.unmet(RobustRule.Round.uniform(updates)).isEmpty());
    }
    assertThat(rule.word()).isEqualTo(plan.word());
    assertThat(rule.faulty()).isEqualTo(plan.faulty());
  }
}
