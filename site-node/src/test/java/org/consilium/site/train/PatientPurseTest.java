package org.consilium.site.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import org.consilium.models.catalog.Catalogue;
import org.consilium.models.data.ImageSet;
import org.consilium.models.data.NpzWriter;
import org.consilium.models.data.Split;
import org.consilium.models.engine.EngineSettings;
import org.consilium.models.params.ParameterSource;
import org.consilium.models.params.SafetensorsWriter;
import org.consilium.protocol.Aggregation;
import org.consilium.protocol.Digest;
import org.consilium.protocol.ModelSpec;
import org.consilium.protocol.PatientPrivacy;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.Training;
import org.consilium.site.cohort.CohortSource;
import org.consilium.site.cohort.CohortSpec;
import org.consilium.site.ledger.privacy.PrivacyBudget;
import org.consilium.site.ledger.privacy.PrivacyBudgets;
import org.consilium.site.ledger.privacy.PrivacyLedger;
import org.consilium.site.policy.Why;
import org.consilium.site.protect.Consortium;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rounds of five steps at q = 0.2 with σ = 2: ε is 1.41 for one round, 2.49 for four (δ 1e-5). */
final class PatientPurseTest {
  private static final InstantSource CLOCK = InstantSource.fixed(Instant.EPOCH);
  private static final PatientPrivacy TERMS = new PatientPrivacy(20, 1e-5, 2, 1, 0.2);

  @TempDir Path folder;
  private PrivacyLedger.Place place =
      new PrivacyLedger.Place(Path.of(""), Path.of(""), Path.of(""));

  @BeforeEach
  void budget() {
    place =
        new PrivacyLedger.Place(
            folder.resolve("privacy.jsonl"), folder.resolve("witness"), folder.resolve("budgets"));
  }

  @Test
  void train_withBudget_paysForTheRoundAndKeepsTheLossBack() throws IOException {
    budget(20);
    try (PrivacyLedger ledger = PrivacyLedger.open(place, CLOCK)) {
      try (TrainingResult.Trained trained =
          (TrainingResult.Trained) trainer(ledger).train(job(1), (_, _, _) -> true)) {
        assertThat(trained.loss()).isZero();
        assertThat(trained.steps()).isEqualTo(5);
      }
      assertThat(ledger.charges()).hasSize(1);
      assertThat(ledger.charges().getFirst().steps().count()).isEqualTo(5);
    }
  }

  @Test
  void train_twice_drawsOtherNoiseAndPaysTwice() throws IOException {
    budget(20);
    try (PrivacyLedger ledger = PrivacyLedger.open(place, CLOCK)) {
      float[] first = delta(trainer(ledger).train(job(1), (_, _, _) -> true));
      float[] second = delta(trainer(ledger).train(job(1), (_, _, _) -> true));

      assertThat(first).isNotEqualTo(second);
      assertThat(ledger.charges()).hasSize(2);
    }
  }

  @Test
  void badInput_58_budgetExhausted_roundIsRefusedBeforeAnythingIsSpent() throws IOException {
    budget(1.5);
    try (PrivacyLedger ledger = PrivacyLedger.open(place, CLOCK)) {
      float[] _ = delta(trainer(ledger).train(job(1), (_, _, _) -> true));
      int charges = ledger.charges().size();

      TrainingResult refused = trainer(ledger).train(job(2), (_, _, _) -> true);

      assertThat(((TrainingResult.Failed) refused).why()).isEqualTo(Why.PRIVACY_BUDGET);
      assertThat(ledger.charges()).hasSize(charges);
    }
  }

  /** Whoever is stopped in a round has paid for its block and trains it anew at full price. */
  @Test
  void badInput_58_stoppedInARound_paysAgain() throws IOException {
    budget(20);
    try (PrivacyLedger ledger = PrivacyLedger.open(place, CLOCK)) {
      TrainingResult stopped = trainer(ledger).train(job(1), (step, _, _) -> step < 2);
      assertThat(stopped).isInstanceOf(TrainingResult.Stopped.class);
      float[] _ = delta(trainer(ledger).train(job(1), (_, _, _) -> true));

      assertThat(ledger.charges()).hasSize(2);
    }
  }

  @Test
  void objection_wholeStudyBeyondTheBudget_refusesItAtOnce() throws IOException {
    budget(2);
    try (PrivacyLedger ledger = PrivacyLedger.open(place, CLOCK)) {
      assertThat(trainer(ledger).objection(plan()).orElse("")).startsWith("cohort all: 20 further");
      budget(20);
      assertThat(trainer(ledger).objection(plan())).isEmpty();
    }
    EngineTrainer without = new EngineTrainer(EngineSettings.reproducible(), CLOCK);
    assertThat(without.objection(plan())).contains("this node keeps no privacy ledger");
  }

  private void budget(double epsilon) throws IOException {
    new PrivacyBudgets(place.budgets()).set("all", new PrivacyBudget(epsilon, 1e-5));
  }

  private static EngineTrainer trainer(PrivacyLedger ledger) {
    return new EngineTrainer(
        EngineSettings.reproducible(),
        CLOCK,
        Optional.of(new PatientPurse(ledger, "all", new SecureRandom())));
  }

  private static float[] delta(TrainingResult result) throws IOException {
    try (TrainingResult.Trained trained = (TrainingResult.Trained) result) {
      float[] values = new float[Math.toIntExact(trained.delta().layout().length())];
      trained.delta().read(0, values, 0, values.length);
      return values;
    }
  }

  private TrainingJob job(int round) throws IOException {
    StudyPlan plan = plan();
    ParameterSource start = Catalogue.require(plan.model()).initial(7);
    Path base = folder.resolve("base.safetensors");
    Digest _ = SafetensorsWriter.save(base, start, Map.of());
    return new TrainingJob(
        plan,
        new SiteId("north"),
        round,
        base,
        Optional.empty(),
        start.layout().digest(),
        cohort(),
        Files.createDirectories(folder.resolve("study")),
        8);
  }

  private CohortSource cohort() throws IOException {
    byte[] pixels = new byte[8 * 256];
    int[] labels = new int[8];
    for (int i = 0; i < pixels.length; i++) {
      labels[i / 256] = i / 256 % 2;
      pixels[i] = (byte) (40 * (i / 256) + i % 7 * (1 + 2 * labels[i / 256]));
    }
    ImageSet images = new ImageSet(1, 16, 16, pixels, labels);
    Path file = folder.resolve("cases.npz");
    NpzWriter.write(file, Map.of(Split.TRAIN, images, Split.VALIDATION, images));
    return new CohortSpec(file.toString(), Optional.empty()).open();
  }

  private static StudyPlan plan() {
    StudyPlan plan = Consortium.plan(Aggregation.FEDAVG);
    Training training =
        new Training(
            1,
            0,
            8,
            new Training.Optimiser("sgd", 0.1, 0, 0, 0, 1),
            new Training.Schedule(1, 0, false, 0),
            0,
            new Training.Input("none", "fixed", 0.5, 0.25),
            Training.Personal.NONE,
            false);
    return new StudyPlan(
        plan.study(),
        plan.title(),
        new ModelSpec("vit-test", 1, 16, 16, 1, 0),
        Optional.empty(),
        plan.task(),
        plan.tuning(),
        training,
        plan.aggregation(),
        plan.protection().with(TERMS),
        plan.participation(),
        plan.monitoring(),
        plan.labels(),
        plan.select(),
        plan.seed(),
        4);
  }
}
