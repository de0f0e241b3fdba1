package org.consilium.site;

import java.io.IOException;
import java.nio.file.Files;
import java.util.Optional;
import org.consilium.site.ledger.EgressLedger;
import org.consilium.site.policy.Judgement;
import org.consilium.site.policy.Why;
import org.consilium.site.protect.Canaries;
import org.consilium.site.protect.EgressGate;

/** The exit of a node that is not serving: it joins, or brings its certificate back. */
final class JoiningGate {
  private static final int SMALL_CELL = 11;

  private JoiningGate() {}

  /** No study was agreed to here; a paused node sends nothing here either. */
  static EgressGate of(StateFolder state, Console console, EgressLedger ledger) throws IOException {
    return new EgressGate(
        ledger,
        new EgressGate.Checks(
            () -> Files.exists(state.paused()),
            study ->
                new EgressGate.Standing(
                    Optional.of(
                        new Judgement.Refused(Why.NOT_APPROVED, study + " was not proposed here")),
                    "",
                    SMALL_CELL),
            EgressGate.Budget.NOTHING_SPENT,
            Canaries.of(state.canaries())),
        console.clock(),
        _ -> {});
  }
}
