package org.consilium.models.engine;

import java.io.IOException;
import java.util.random.RandomGenerator;
import org.consilium.models.data.Patients;
import org.consilium.protocol.PatientPrivacy;
import org.consilium.protocol.Training;

/**
 * What makes a round's training differentially private for each patient.
 *
 * @param terms how much noise, and how many steps
 * @param patients whose the images are
 * @param chance draws patients and noise; in earnest a cryptographic one that nobody can repeat
 * @param account pays for steps before they are made
 */
public record PatientNoise(
    Terms terms, Patients patients, RandomGenerator chance, Account account) {

  /**
   * The mechanism.
   *
   * @param sigma σ, noise multiplier, at least 0
   * @param clip C, largest L2 norm of a patient's gradient, above 0
   * @param rate q, chance of each patient to be in a step, in (0, 1]
   * @param steps of the round, at least 1
   */
  public record Terms(double sigma, double clip, double rate, int steps) {
    /** Refuses what is no such mechanism. */
    public Terms {
      boolean legal = sigma >= 0 && clip > 0 && rate > 0 && rate <= 1 && steps >= 1;
      if (!legal) {
        throw new IllegalArgumentException(
            "patient noise: sigma %s, clip %s, rate %s, %d steps"
                .formatted(sigma, clip, rate, steps));
      }
    }

    /** Those of a plan. */
    public static Terms of(PatientPrivacy plan, Training training) {
      return new Terms(plan.sigma(), plan.clip(), plan.rate(), plan.roundSteps(training));
    }
  }

  /** Who pays for steps. */
  @FunctionalInterface
  public interface Account {
    /**
     * Pays for some steps to come; what was paid for is never given back.
     *
     * @return whether they may be made
     * @throws IOException if the payment is not on disk
     */
    boolean pay(int steps) throws IOException;
  }
}
