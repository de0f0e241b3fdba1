package org.consilium.site.ledger.privacy;

import java.util.Map;
import java.util.TreeMap;
import org.consilium.protocol.Limits;
import org.consilium.protocol.StudyId;
import org.consilium.security.privacy.NoisySteps;
import org.consilium.site.ledger.LedgerLine;

/**
 * Steps of a study that are to be paid for.
 *
 * @param cohort the hospital's name for the patients
 * @param study who asks
 * @param round in which the steps are
 * @param steps how many, with how much noise
 * @param ceiling what the study may spend at most, as its plan says
 */
public record PrivacyCharge(
    String cohort, StudyId study, int round, NoisySteps steps, PrivacyBudget ceiling) {
  /** What every cohort is called that nobody gave a name: all patients of this node together. */
  public static final String ALL_PATIENTS = "all";

  static final String KIND = "privacy.charge";

  /** Refuses a name that cannot be written down. */
  public PrivacyCharge {
    checkCohort(cohort);
  }

  /** Refuses what is no name of a cohort. */
  public static void checkCohort(String cohort) {
    if (!cohort.matches("[a-z0-9][a-z0-9-]{0,39}")) {
      throw new IllegalArgumentException(
          "cohort must be 1-40 of [a-z0-9-], got " + Limits.printable(cohort));
    }
  }

  Map<String, Object> detail() {
    Map<String, Object> detail = new TreeMap<>();
    detail.put("cohort", cohort);
    detail.put("study", study.value());
    detail.put("round", round);
    detail.put("sigma", steps.sigma());
    detail.put("rate", steps.rate());
    detail.put("steps", steps.count());
    detail.put("studyEpsilon", ceiling.epsilon());
    detail.put("studyDelta", ceiling.delta());
    return detail;
  }

  static PrivacyCharge of(LedgerLine line) {
    return new PrivacyCharge(
        line.text("cohort"),
        new StudyId(line.text("study")),
        Integer.parseInt(line.text("round")),
        new NoisySteps(
            Double.parseDouble(line.text("sigma")),
            Double.parseDouble(line.text("rate")),
            Long.parseLong(line.text("steps"))),
        new PrivacyBudget(
            Double.parseDouble(line.text("studyEpsilon")),
            Double.parseDouble(line.text("studyDelta"))));
  }
}
