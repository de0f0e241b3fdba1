package org.consilium.coordinator.round;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.consilium.coordinator.round.StudyState.Published;
import org.consilium.coordinator.study.TestPlan;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelVersion;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.StudyPlan.Task;
import org.consilium.protocol.Training;
import org.junit.jupiter.api.Test;

final class StudyStateTest {
  private static final Instant T = Instant.parse("2026-03-01T08:00:00Z");

  @Test
  void best_classification_isTheVersionOfTheHighestScore() {
    StudyState state = state(Task.Type.CLASSIFICATION, "auroc", score(.7), score(.9), score(.8));

    assertThat(state.best().orElseThrow().round()).isEqualTo(2);
    assertThat(state.released()).isEqualTo(state.best().orElseThrow());
  }

  @Test
  void best_contrastive_isTheLastVersionThatWasReportedOn() {
    StudyState state =
        state(Task.Type.CONTRASTIVE, "loss", score(1.2), score(4.0), score(3.1), Optional.empty());

    assertThat(state.best().orElseThrow().round()).isEqualTo(3);
  }

  @Test
  void released_nothingReported_isTheLatest() {
    StudyState state = state(Task.Type.CONTRASTIVE, "loss", Optional.empty(), Optional.empty());

    assertThat(state.best()).isEmpty();
    assertThat(state.released().round()).isEqualTo(2);
  }

  private static Optional<Double> score(double value) {
    return Optional.of(value);
  }

  /** Versions of rounds 1, 2, … with these scores. */
  @SafeVarargs
  private static StudyState state(Task.Type task, String select, Optional<Double>... scores) {
    List<Published> models = new java.util.ArrayList<>();
    for (int i = 0; i < scores.length; i++) {
      Digest digest = Digest.sha256(new byte[] {(byte) i});
      StudyEvent.Model model = new StudyEvent.Model(new ModelVersion(digest), 1000);
      models.add(
          new Published(
              i + 1,
              model,
              Optional.empty(),
              scores[i],
              Optional.empty(),
              T,
              List.of(),
              new TreeMap<>()));
    }
    StudyEvent.Created created =
        new StudyEvent.Created(
            T, plan(task, select), new byte[0], models.getFirst().model(), List.of());
    return new StudyState(
        created,
        StudyState.Stage.COMPLETED,
        "",
        new TreeMap<>(),
        List.of(),
        Optional.empty(),
        models,
        List.of(),
        0,
        1,
        List.of(),
        List.of());
  }

  private static StudyPlan plan(Task.Type task, String select) {
    StudyPlan usual = TestPlan.of(List.of(new SiteId("site-a"), new SiteId("site-b"))).plan();
    return new StudyPlan(
        usual.study(),
        usual.title(),
        usual.model(),
        usual.foundation(),
        new Task(task, "none"),
        usual.tuning(),
        training(usual.training()),
        usual.aggregation(),
        usual.protection(),
        usual.participation(),
        usual.monitoring(),
        usual.labels(),
        select,
        usual.seed(),
        usual.rounds());
  }

  /** With as many examples a step as telling them from one another needs. */
  private static Training training(Training usual) {
    return new Training(
        usual.localEpochs(),
        usual.localSteps(),
        16,
        usual.optimiser(),
        usual.schedule(),
        usual.proximalMu(),
        usual.input(),
        usual.personal(),
        usual.localBaseline());
  }
}
