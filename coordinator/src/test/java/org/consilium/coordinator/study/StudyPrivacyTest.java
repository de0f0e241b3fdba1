package org.consilium.coordinator.study;

import static org.assertj.core.api.Assertions.assertThat;

import org.consilium.coordinator.yaml.YamlRefused;
import org.consilium.protocol.Training;
import org.junit.jupiter.api.Test;

/** What a study with noise takes where its file says nothing. */
final class StudyPrivacyTest {
  private static final Training.Optimiser USUAL =
      new Training.Optimiser("adamw", 0.002, 0.05, 0, 0, 1);

  /** What measured best for a head under noise, and only there: bench/RESULTS.md. */
  @Test
  void parse_noiseForAHead_takesMomentumUnlessTheFileSaysOtherwise() throws YamlRefused {
    String noise = "  privacy: {dp: {epsilon: 8}}\n";
    String head = "  tuning: {regime: probe}\n";

    assertThat(training(noise + head).optimiser())
        .isEqualTo(new Training.Optimiser("sgd", 1, 0, 0.9, 0, 1));
    assertThat(training(noise + head).schedule().firstRoundFactor()).isEqualTo(1);
    assertThat(training(noise).optimiser()).isEqualTo(USUAL);
    assertThat(training(noise + head + "  training: {optimiser: adamw}\n").optimiser())
        .isEqualTo(USUAL);
    assertThat(training(head).optimiser().name()).isEqualTo("adamw");
  }

  private static Training training(String keys) throws YamlRefused {
    return StudyFile.parse(
            """
            metadata: {name: private}
            spec:
              model: {architecture: resnet-gn, height: 64, width: 64}
              task: {labels: [absent, present]}
              sites: {include: [north, south, east, west]}
            """
                + keys)
        .training();
  }
}
