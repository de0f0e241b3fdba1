package org.consilium.site.ledger.privacy;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.consilium.protocol.StudyId;
import org.consilium.security.audit.ChainedLog;

/**
 * The privacy ledger for people: what was spent, of how much, by which study. It can be read while
 * a node has the ledger open.
 *
 * @param entries of the ledger
 * @param head hash of its last entry, 64 hexadecimal digits
 * @param fault why it cannot be trusted, if it cannot
 * @param cohorts every one that has a budget or a charge
 */
public record PrivacyView(long entries, String head, Optional<String> fault, List<Cohort> cohorts) {
  public PrivacyView {
    cohorts = List.copyOf(cohorts);
  }

  /**
   * What was spent of a cohort.
   *
   * @param budget empty if the hospital set none
   * @param epsilon spent by all studies together, at the budget's δ; without a budget, at that of
   *     the first study
   */
  public record Cohort(
      String name, Optional<PrivacyBudget> budget, double epsilon, List<Study> studies) {
    public Cohort {
      studies = List.copyOf(studies);
    }
  }

  /** What one study has spent of a cohort, at its own δ, and what it may spend at most. */
  public record Study(StudyId study, double epsilon, PrivacyBudget ceiling, long steps) {}

  /** Reads what is on disk. */
  public static PrivacyView of(PrivacyLedger.Place place) throws IOException {
    Optional<String> fault = PrivacyLedger.objection(place);
    long entries = 0;
    String head = "0".repeat(64);
    if (Files.exists(place.ledger())) {
      ChainedLog.Verification found = ChainedLog.verify(place.ledger());
      entries = found.entries();
      head = found.head();
    }
    List<PrivacyCharge> charges = PrivacyLedger.read(place.ledger());
    Map<String, PrivacyBudget> budgets = new PrivacyBudgets(place.budgets()).all();
    TreeSet<String> names = new TreeSet<>(budgets.keySet());
    charges.forEach(charge -> names.add(charge.cohort()));
    List<Cohort> cohorts = new ArrayList<>();
    for (String name : names) {
      cohorts.add(
          cohort(
              name,
              Optional.ofNullable(budgets.get(name)),
              charges.stream().filter(c -> c.cohort().equals(name)).toList()));
    }
    return new PrivacyView(entries, head, fault, cohorts);
  }

  /**
   * Whether a ledger is intact and has, or once had, ended like this.
   *
   * @param head hash of the last of {@code entries} entries
   */
  public static boolean reaches(PrivacyLedger.Place place, long entries, String head)
      throws IOException {
    return PrivacyLedger.objection(place).isEmpty()
        && LedgerWitness.reaches(place.ledger(), entries, head);
  }

  private static Cohort cohort(
      String name, Optional<PrivacyBudget> budget, List<PrivacyCharge> charges) {
    if (charges.isEmpty()) {
      return new Cohort(name, budget, 0, List.of());
    }
    double delta = budget.map(PrivacyBudget::delta).orElse(charges.getFirst().ceiling().delta());
    double epsilon = PrivacyLedger.spend(charges).guarantee(delta).epsilon();
    Map<StudyId, List<PrivacyCharge>> byStudy =
        charges.stream()
            .collect(
                Collectors.groupingBy(PrivacyCharge::study, TreeMap::new, Collectors.toList()));
    List<Study> studies = new ArrayList<>();
    byStudy.forEach((study, theirs) -> studies.add(study(study, theirs)));
    return new Cohort(name, budget, epsilon, studies);
  }

  private static Study study(StudyId study, List<PrivacyCharge> charges) {
    PrivacyBudget ceiling = charges.getLast().ceiling();
    return new Study(
        study,
        PrivacyLedger.spend(charges).guarantee(ceiling.delta()).epsilon(),
        ceiling,
        charges.stream().mapToLong(charge -> charge.steps().count()).sum());
  }

  /** Lines for people. */
  public String text() {
    List<String> lines = new ArrayList<>();
    lines.add("ledger: %d entries, head %s".formatted(entries, head));
    lines.add(
        fault
            .map(f -> "TRAINING IS BLOCKED: the ledger cannot be trusted: " + f)
            .orElse("the chain is intact and goes on from the counter"));
    if (cohorts.isEmpty()) {
      lines.add("no cohort has a budget: no study may spend anything");
    }
    for (Cohort cohort : cohorts) {
      lines.add(
          "cohort %s: spent epsilon %s%s"
              .formatted(
                  cohort.name,
                  six(cohort.epsilon),
                  cohort
                      .budget
                      .map(b -> " of %s at delta %s".formatted(b.epsilon(), b.delta()))
                      .orElse("; no budget: nothing more may be spent")));
      for (Study study : cohort.studies) {
        lines.add(
            "  study %s: epsilon %s of at most %s at delta %s, %d steps"
                .formatted(
                    study.study,
                    six(study.epsilon),
                    study.ceiling.epsilon(),
                    study.ceiling.delta(),
                    study.steps));
      }
    }
    return String.join("\n", lines);
  }

  /** Upwards, to a millionth: a statement never says less than was spent. */
  private static String six(double epsilon) {
    return String.format(Locale.ROOT, "%.6f", Math.ceil(epsilon * 1e6) / 1e6);
  }
}
