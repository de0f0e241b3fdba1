package org.consilium.site.ledger.privacy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.InstantSource;
import org.consilium.protocol.StudyId;
import org.consilium.security.privacy.NoisySteps;
import org.consilium.security.privacy.Spend;
import org.consilium.site.ledger.privacy.PrivacyLedger.Answer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PrivacyLedgerTest {
  private static final InstantSource CLOCK =
      InstantSource.fixed(Instant.parse("2026-06-01T12:00:00Z"));
  private static final double DELTA = 1e-5;
  private static final PrivacyBudget ROOMY = new PrivacyBudget(50, DELTA);

  @TempDir Path folder;
  private PrivacyLedger.Place place =
      new PrivacyLedger.Place(Path.of(""), Path.of(""), Path.of(""));

  @BeforeEach
  void budget() throws IOException {
    place =
        new PrivacyLedger.Place(
            folder.resolve("privacy.jsonl"), folder.resolve("witness"), folder.resolve("budgets"));
    new PrivacyBudgets(place.budgets()).set("all", new PrivacyBudget(3, DELTA));
  }

  @Test
  void charge_severalStudiesOfOneCohort_addUpAcrossRestarts() throws IOException {
    NoisySteps steps = new NoisySteps(1.1, 0.05, 20);
    double ofTwo = Spend.none().plus(steps).plus(steps).guarantee(DELTA).epsilon();

    try (PrivacyLedger ledger = PrivacyLedger.open(place, CLOCK)) {
      assertThat(ledger.charge(charge("study-one", steps))).isInstanceOf(Answer.Paid.class);
    }
    try (PrivacyLedger ledger = PrivacyLedger.open(place, CLOCK)) {
      Answer.Paid second = (Answer.Paid) ledger.charge(charge("study-two", steps));

      assertThat(second.cohortEpsilon()).isEqualTo(ofTwo);
      assertThat(second.studyEpsilon())
          .isEqualTo(Spend.none().plus(steps).guarantee(DELTA).epsilon());
    }
    assertThat(PrivacyView.of(place).text())
        .contains("cohort all: spent epsilon", "study study-one:", "study study-two:", "20 steps");
  }

  @Test
  void charge_otherCohort_hasItsOwnBudget() throws IOException {
    try (PrivacyLedger ledger = PrivacyLedger.open(place, CLOCK)) {
      PrivacyCharge other =
          new PrivacyCharge(
              "children", new StudyId("study-one"), 1, new NoisySteps(2, 0.05, 1), ROOMY);

      assertThat(ledger.charge(other))
          .isEqualTo(
              new Answer.Refused(
                  "cohort children has no privacy budget; to give it one: consilium node privacy"
                      + " budget"));
      new PrivacyBudgets(place.budgets()).set("children", new PrivacyBudget(1, DELTA));
      assertThat(ledger.charge(other)).isInstanceOf(Answer.Paid.class);
    }
  }

  @Test
  void charge_studyBeyondItsOwnCeiling_isRefused() throws IOException {
    NoisySteps steps = new NoisySteps(1.1, 0.05, 20);
    double once = Spend.none().plus(steps).guarantee(DELTA).epsilon();
    PrivacyCharge charge =
        new PrivacyCharge(
            "all", new StudyId("study-one"), 1, steps, new PrivacyBudget(once, DELTA));
    try (PrivacyLedger ledger = PrivacyLedger.open(place, CLOCK)) {
      assertThat(ledger.charge(charge)).isInstanceOf(Answer.Paid.class); // exactly the ceiling

      assertThat(((Answer.Refused) ledger.charge(charge)).detail())
          .startsWith("study study-one: 20");
    }
  }

  @Test
  void badInput_58_budgetExhausted_stepIsRefusedAndNothingIsWritten() throws IOException {
    NoisySteps steps = new NoisySteps(1.1, 0.05, 10);
    try (PrivacyLedger ledger = PrivacyLedger.open(place, CLOCK)) {
      int paid = 0;
      while (ledger.charge(charge("study-one", steps)) instanceof Answer.Paid(double epsilon, _)) {
        assertThat(epsilon).isLessThanOrEqualTo(3);
        paid++;
      }
      byte[] before = Files.readAllBytes(place.ledger());

      assertThat(paid).isGreaterThan(3);
      assertThat(ledger.charge(charge("study-three", steps))).isInstanceOf(Answer.Refused.class);
      assertThat(Files.readAllBytes(place.ledger())).isEqualTo(before);
      assertThat(Spend.none().plus(new NoisySteps(1.1, 0.05, 10L * (paid + 1))).guarantee(DELTA))
          .satisfies(g -> assertThat(g.epsilon()).isGreaterThan(3));
    }
  }

  /** Each life pays for one block and dies before its steps; no life gets it back. */
  @Test
  void badInput_58_crashLoop_neverRefunds() throws IOException {
    NoisySteps steps = new NoisySteps(1.1, 0.05, 32);
    int lives = 0;
    boolean paid = true;
    while (paid) {
      try (PrivacyLedger ledger = PrivacyLedger.open(place, CLOCK)) {
        assertThat(ledger.charges()).hasSize(lives);
        paid = ledger.charge(charge("study-one", steps)) instanceof Answer.Paid;
        lives += paid ? 1 : 0;
      }
    }

    try (PrivacyLedger ledger = PrivacyLedger.open(place, CLOCK)) {
      assertThat(ledger.ask(charge("study-one", steps))).isInstanceOf(Answer.Refused.class);
      assertThat(ledger.charges()).hasSize(lives);
    }
  }

  /** The machine died in mid-write: that charge was never paid, and the rest counts. */
  @Test
  void badInput_58_tornLastLine_isCutOffAndTheRestCounts() throws IOException {
    try (PrivacyLedger ledger = PrivacyLedger.open(place, CLOCK)) {
      var _ = ledger.charge(charge("study-one", new NoisySteps(2, 0.05, 1)));
    }
    Files.writeString(place.ledger(), "{\"seq\":1,\"ti", StandardOpenOption.APPEND);

    try (PrivacyLedger ledger = PrivacyLedger.open(place, CLOCK)) {
      assertThat(ledger.fault()).isEmpty();
      assertThat(ledger.charges()).hasSize(1);
      assertThat(ledger.charge(charge("study-one", new NoisySteps(2, 0.05, 1))))
          .isInstanceOf(Answer.Paid.class);
    }
  }

  /** The entry is on disk, the counter is not yet: the ledger is ahead of it by one. */
  @Test
  void badInput_58_crashBetweenEntryAndCounter_isNoRollback() throws IOException {
    Path before = folder.resolve("witness-before");
    try (PrivacyLedger ledger = PrivacyLedger.open(place, CLOCK)) {
      var _ = ledger.charge(charge("study-one", new NoisySteps(2, 0.05, 1)));
      Path _ = Files.copy(place.witness(), before);
      var _ = ledger.charge(charge("study-one", new NoisySteps(2, 0.05, 1)));
    }
    Path _ = Files.move(before, place.witness(), StandardCopyOption.REPLACE_EXISTING);

    try (PrivacyLedger ledger = PrivacyLedger.open(place, CLOCK)) {
      assertThat(ledger.fault()).isEmpty();
      assertThat(ledger.charges()).hasSize(2);
    }
  }

  @Test
  void badInput_58_restoredBackup_blocksTraining() throws IOException {
    Path backup = folder.resolve("backup.jsonl");
    try (PrivacyLedger ledger = PrivacyLedger.open(place, CLOCK)) {
      var _ = ledger.charge(charge("study-one", new NoisySteps(2, 0.05, 1)));
      Path _ = Files.copy(place.ledger(), backup);
      var _ = ledger.charge(charge("study-one", new NoisySteps(2, 0.05, 1)));
    }
    Path newest = Files.move(place.ledger(), folder.resolve("newest.jsonl"));
    Path _ = Files.copy(backup, place.ledger());

    assertThat(detail()).contains("it has 1 entries and had 2: it was put back from an older copy");

    // and one that was put back and then went on elsewhere
    Path elsewhere = Files.createDirectory(folder.resolve("elsewhere"));
    PrivacyLedger.Place other =
        new PrivacyLedger.Place(place.ledger(), elsewhere.resolve("witness"), place.budgets());
    new LedgerWitness(other.witness()).note(0, "");
    try (PrivacyLedger ledger = PrivacyLedger.open(other, CLOCK)) {
      var _ = ledger.charge(charge("study-two", new NoisySteps(2, 0.05, 1)));
      var _ = ledger.charge(charge("study-two", new NoisySteps(2, 0.05, 1)));
    }
    assertThat(detail()).contains("its entry 2 is not the one it had");

    Path _ = Files.copy(newest, place.ledger(), StandardCopyOption.REPLACE_EXISTING);
    assertThat(detail()).isEqualTo("paid");
  }

  @Test
  void badInput_58_ledgerOrCounterDeleted_blocksTraining() throws IOException {
    try (PrivacyLedger ledger = PrivacyLedger.open(place, CLOCK)) {
      var _ = ledger.charge(charge("study-one", new NoisySteps(2, 0.05, 1)));
    }
    Path aside = Files.move(place.ledger(), folder.resolve("aside"));
    assertThat(detail()).contains("it has 0 entries and had 1");

    Path _ = Files.move(aside, place.ledger());
    Files.delete(place.witness());
    assertThat(detail()).contains("its counter witness is missing");
  }

  @Test
  void badInput_58_digitChanged_blocksTraining() throws IOException {
    try (PrivacyLedger ledger = PrivacyLedger.open(place, CLOCK)) {
      var _ = ledger.charge(charge("study-one", new NoisySteps(2, 0.05, 7)));
      var _ = ledger.charge(charge("study-one", new NoisySteps(2, 0.05, 1)));
    }
    String forged = Files.readString(place.ledger()).replace("\"steps\":7", "\"steps\":1");
    Files.writeString(place.ledger(), forged);

    assertThat(detail()).contains("its entry 0 is damaged");
    assertThat(PrivacyView.of(place).text()).contains("TRAINING IS BLOCKED");
  }

  private String detail() throws IOException {
    try (PrivacyLedger ledger = PrivacyLedger.open(place, CLOCK)) {
      return ledger.ask(charge("study-one", new NoisySteps(2, 0.05, 1)))
              instanceof Answer.Refused(String detail)
          ? detail
          : "paid";
    }
  }

  private static PrivacyCharge charge(String study, NoisySteps steps) {
    return new PrivacyCharge("all", new StudyId(study), 1, steps, ROOMY);
  }
}
