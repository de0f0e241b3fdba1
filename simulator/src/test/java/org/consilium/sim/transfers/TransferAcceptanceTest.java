package org.consilium.sim.transfers;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.InstantSource;
import org.consilium.protocol.Encoding;
import org.consilium.sim.process.Packaged;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Cut lines, a coordinator and a site that are killed: nothing that arrived is sent again. */
@Tag("slow")
final class TransferAcceptanceTest {
  @TempDir Path folder;

  @Test
  void rounds_overCutLinesWithKills_sameModelsAndNothingTwice() throws Exception {
    check(new TransferPlan(4, 2_000_000, 2, Encoding.FULL, 8, 7, 192, 192, 5));
  }

  @Tag("exhaustive")
  @Test
  void rounds_ofNarrowUpdates_sameModelsWithTheirRemaindersAfterKills() throws Exception {
    check(new TransferPlan(3, 2_000_000, 2, Encoding.INT8, 4, 8, 192, 192, 5));
  }

  private void check(TransferPlan plan) throws Exception {
    TransferFigures figures =
        new TransferRun(
                Packaged.installation(),
                plan,
                InstantSource.system(),
                System::nanoTime,
                System.out::println)
            .in(folder);

    System.out.println(figures.text());
    assertThat(figures.shortfalls()).isEmpty();
    assertThat(figures.left()).hasSize(2 * plan.sites());
    assertThat(figures.crossed()).hasSize(plan.sites() * plan.rounds());
    // Every line was cut in every round, and the coordinator died in both.
    assertThat(figures.crossed()).allMatch(one -> one.cuts() >= 2);
    assertThat(figures.kills()).hasSize(3);
  }
}
