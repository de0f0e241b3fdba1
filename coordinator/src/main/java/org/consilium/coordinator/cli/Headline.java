package org.consilium.coordinator.cli;

import java.util.Locale;

/** Where a study stands, in one line. */
final class Headline {
  private Headline() {}

  static String of(Json study) {
    String best = decimal(study.get("best").get("score"));
    String window = study.get("window").text();
    String detail = study.get("detail").text();
    Json privacy = study.get("privacy");
    String epsilon = decimal(privacy.get("epsilonSoFar"));
    String masking = study.get("masking").text();
    Json central = study.get("central");
    String centrally = decimal(central.get("epsilonSoFar"));
    return "study %s  %s  round %s/%s%s%s%s%s%s%s"
        .formatted(
            study.get("name").text(),
            study.get("state").text(),
            study.get("round").text(),
            study.get("rounds").text(),
            window.equals("0") ? "" : "  window " + window,
            best.equals("–") ? "" : "  best " + best,
            epsilon.equals("–")
                ? ""
                : "  epsilon %s of %s".formatted(epsilon, privacy.get("epsilon").text()),
            centrally.equals("–")
                ? ""
                : "  central noise: epsilon %s of %s for a site, %s for a patient"
                    .formatted(
                        centrally,
                        central.get("epsilon").text(),
                        decimal(central.get("patientEpsilonSoFar"))),
            detail.isEmpty() ? "" : "  " + detail,
            masking.isEmpty() ? "" : "  " + masking);
  }

  static String decimal(Json number) {
    return number.isNull() ? "–" : String.format(Locale.ROOT, "%.3f", number.number());
  }
}
