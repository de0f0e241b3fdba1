package org.consilium.site.ledger.privacy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.consilium.security.audit.BrokenLog;
import org.consilium.security.audit.ChainedLog;
import org.consilium.security.privacy.Spend;
import org.consilium.site.ledger.LedgerFile;
import org.consilium.site.ledger.LedgerLine;

/**
 * What studies have spent of the patients' privacy, over all studies and restarts of this node. A
 * charge is on disk before the steps that it pays for, and is never taken back: steps that a crash
 * cut off are paid for again. A ledger that is damaged, or was put back from an older copy, pays
 * for nothing. Safe for use by many threads; no other process may have it open.
 */
public final class PrivacyLedger implements AutoCloseable {
  private final Place place;
  private final Optional<ChainedLog> log;
  private final Optional<String> fault;
  private final List<PrivacyCharge> charges = new ArrayList<>();

  private PrivacyLedger(Place place, Optional<ChainedLog> log, Optional<String> fault) {
    this.place = place;
    this.log = log;
    this.fault = fault;
  }

  /**
   * Where it is kept.
   *
   * @param ledger the entries
   * @param witness the counter; better on another disk
   * @param budgets what the hospital allows
   */
  public record Place(Path ledger, Path witness, Path budgets) {}

  /** What the ledger says to a charge. */
  public sealed interface Answer {
    /** It is paid, or could be; ε in nats after it, at the hospital's and at the study's δ. */
    record Paid(double cohortEpsilon, double studyEpsilon) implements Answer {}

    /**
     * It is not.
     *
     * @param detail for the local log: numbers, no patient data
     */
    record Refused(String detail) implements Answer {}
  }

  /** Opens or creates the ledger; one that cannot be trusted opens, and pays for nothing. */
  public static PrivacyLedger open(Place place, InstantSource clock) throws IOException {
    Optional<String> objection = objection(place);
    if (objection.isPresent()) {
      return new PrivacyLedger(place, Optional.empty(), objection);
    }
    ChainedLog log;
    try {
      log = ChainedLog.open(place.ledger, clock);
    } catch (BrokenLog broken) {
      return new PrivacyLedger(place, Optional.empty(), Optional.of("its end is damaged"));
    }
    PrivacyLedger ledger = new PrivacyLedger(place, Optional.of(log), Optional.empty());
    try {
      ledger.charges.addAll(read(place.ledger));
      new LedgerWitness(place.witness).note(log.entries(), log.head());
      return ledger;
    } catch (IOException | RuntimeException failed) {
      log.close();
      throw failed;
    }
  }

  /** What is wrong with the ledger on disk, if anything; a torn last line is not. */
  static Optional<String> objection(Place place) throws IOException {
    if (Files.exists(place.ledger)) {
      ChainedLog.Verification found = ChainedLog.verify(place.ledger);
      boolean torn = found.entries() == wholeLines(place.ledger);
      if (!found.intact() && !torn) {
        return Optional.of("its entry %d is damaged".formatted(found.firstBad().orElse(-1)));
      }
    }
    return new LedgerWitness(place.witness).objection(place.ledger);
  }

  /** All charges in a ledger on disk, also one that a node has open. */
  public static List<PrivacyCharge> read(Path ledger) throws IOException {
    List<PrivacyCharge> charges = new ArrayList<>();
    if (Files.exists(ledger)) {
      for (LedgerLine line : LedgerFile.read(ledger)) {
        if (line.kind().equals(PrivacyCharge.KIND)) {
          charges.add(PrivacyCharge.of(line));
        }
      }
    }
    return charges;
  }

  /** What some charges come to. */
  public static Spend spend(List<PrivacyCharge> charges) {
    Spend spend = Spend.none();
    for (PrivacyCharge charge : charges) {
      spend = spend.plus(charge.steps());
    }
    return spend;
  }

  /** Why it pays for nothing, if it does not. */
  public Optional<String> fault() {
    return fault;
  }

  /** Whether a charge would be paid now; nothing is written. */
  public synchronized Answer ask(PrivacyCharge charge) throws IOException {
    if (fault.isPresent()) {
      return new Answer.Refused(
          "the privacy ledger cannot be trusted: %s; nothing is paid until the newest one is back"
              .formatted(fault.get()));
    }
    Optional<PrivacyBudget> budget = new PrivacyBudgets(place.budgets).of(charge.cohort());
    if (budget.isEmpty()) {
      return new Answer.Refused(
          "cohort %s has no privacy budget; to give it one: consilium node privacy budget"
              .formatted(charge.cohort()));
    }
    Spend cohort = spend(charges.stream().filter(c -> c.cohort().equals(charge.cohort())).toList());
    Spend study = spend(charges.stream().filter(c -> c.study().equals(charge.study())).toList());
    double ofCohort = cohort.plus(charge.steps()).guarantee(budget.get().delta()).epsilon();
    double ofStudy = study.plus(charge.steps()).guarantee(charge.ceiling().delta()).epsilon();
    if (!(ofCohort <= budget.get().epsilon())) {
      return refused("cohort " + charge.cohort(), charge, ofCohort, budget.get());
    }
    if (!(ofStudy <= charge.ceiling().epsilon())) {
      return refused("study " + charge.study(), charge, ofStudy, charge.ceiling());
    }
    return new Answer.Paid(ofCohort, ofStudy);
  }

  /**
   * Pays for steps before they are made; on disk when this returns.
   *
   * @throws IOException if it could not be stored: then the steps may not be made
   */
  public synchronized Answer charge(PrivacyCharge charge) throws IOException {
    Answer answer = ask(charge);
    if (answer instanceof Answer.Paid && log.isPresent()) {
      var _ = log.get().append(PrivacyCharge.KIND, charge.detail());
      charges.add(charge);
      new LedgerWitness(place.witness).note(log.get().entries(), log.get().head());
    }
    return answer;
  }

  /** What a study has been charged for so far. */
  public synchronized List<PrivacyCharge> charges() {
    return List.copyOf(charges);
  }

  @Override
  public void close() throws IOException {
    if (log.isPresent()) {
      log.get().close();
    }
  }

  private static Answer refused(
      String whose, PrivacyCharge charge, double epsilon, PrivacyBudget budget) {
    return new Answer.Refused(
        "%s: %d further steps would come to epsilon %.4f at delta %s, at most %s"
            .formatted(whose, charge.steps().count(), epsilon, budget.delta(), budget.epsilon()));
  }

  private static long wholeLines(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    long lines = 0;
    for (byte b : bytes) {
      lines += b == '\n' ? 1 : 0;
    }
    return lines;
  }
}
