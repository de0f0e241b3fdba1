package org.consilium.site.train;

import java.io.IOException;
import java.security.SecureRandom;
import java.util.Optional;
import org.consilium.models.engine.PatientNoise;
import org.consilium.protocol.PatientPrivacy;
import org.consilium.protocol.StudyPlan;
import org.consilium.security.privacy.NoisySteps;
import org.consilium.security.stream.SecureChance;
import org.consilium.site.ledger.privacy.PrivacyBudget;
import org.consilium.site.ledger.privacy.PrivacyCharge;
import org.consilium.site.ledger.privacy.PrivacyLedger;

/**
 * Pays for training that hides each patient, and draws its noise.
 *
 * @param ledger what was spent so far
 * @param cohort the hospital's name for the patients that this node trains on
 * @param random makes the key of every run's noise
 */
public record PatientPurse(PrivacyLedger ledger, String cohort, SecureRandom random) {
  /**
   * Why the ledger does not let a study begin: all its rounds must be payable. A study that has
   * begun is refused by the round. Nothing is written.
   */
  Optional<String> objection(StudyPlan plan) throws IOException {
    PatientPrivacy terms = plan.protection().patients().orElseThrow();
    if (ledger.charges().stream().anyMatch(charge -> charge.study().equals(plan.study()))) {
      return Optional.empty();
    }
    long steps = (long) terms.roundSteps(plan.training()) * plan.rounds();
    return refusal(ledger.ask(charge(plan, 0, steps)));
  }

  /** Why the round of a job cannot be paid for; empty also where nothing is to be hidden. */
  static Optional<String> objection(Optional<PatientPurse> purse, TrainingJob job)
      throws IOException {
    Optional<PatientPrivacy> terms = job.plan().protection().patients();
    if (terms.isEmpty()) {
      return Optional.empty();
    }
    if (purse.isEmpty()) {
      return Optional.of(EngineTrainer.NO_LEDGER);
    }
    int steps = terms.get().roundSteps(job.plan().training());
    PatientPurse paying = purse.get();
    return refusal(paying.ledger.ask(paying.charge(job.plan(), job.round(), steps)));
  }

  /** The noise of a job's round, under a key of its own; empty where nothing is to be hidden. */
  static Optional<PatientNoise> noise(Optional<PatientPurse> purse, TrainingJob job)
      throws IOException {
    Optional<PatientPrivacy> terms = job.plan().protection().patients();
    if (terms.isEmpty()) {
      return Optional.empty();
    }
    PatientPurse paying = purse.orElseThrow();
    return Optional.of(
        new PatientNoise(
            PatientNoise.Terms.of(terms.get(), job.plan().training()),
            job.cohort().patients(),
            SecureChance.of(paying.random),
            steps -> refusal(paying.pay(job, steps)).isEmpty()));
  }

  private PrivacyLedger.Answer pay(TrainingJob job, int steps) throws IOException {
    return ledger.charge(charge(job.plan(), job.round(), steps));
  }

  private PrivacyCharge charge(StudyPlan plan, int round, long steps) {
    PatientPrivacy terms = plan.protection().patients().orElseThrow();
    return new PrivacyCharge(
        cohort,
        plan.study(),
        round,
        new NoisySteps(terms.sigma(), terms.rate(), steps),
        new PrivacyBudget(terms.epsilon(), terms.delta()));
  }

  private static Optional<String> refusal(PrivacyLedger.Answer answer) {
    return answer instanceof PrivacyLedger.Answer.Refused(String detail)
        ? Optional.of(detail)
        : Optional.empty();
  }
}
