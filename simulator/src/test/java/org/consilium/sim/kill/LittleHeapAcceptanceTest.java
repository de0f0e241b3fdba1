package org.consilium.sim.kill;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import org.consilium.sim.consortium.LocalConsortium;
import org.consilium.sim.process.Packaged;
import org.consilium.sim.process.ProcessEvent;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A coordinator with less Java heap than one round's updates have bytes: four times 20 MB come at
 * once. F15: I1, I9.
 */
@Tag("slow")
final class LittleHeapAcceptanceTest {
  private static final InstantSource CLOCK = InstantSource.system();
  private static final Duration MOST = Duration.ofMinutes(8);
  private static final int LITTLE_MIB = 48;

  @TempDir private Path folder;

  @Test
  void f15_heapSmallerThanTheUpdates_sealedAndMaskedMakeTheSameModels() throws Exception {
    Evidence sealed = run("sealed");
    Evidence masked = run("masked");

    for (Evidence each : List.of(sealed, masked)) {
      assertThat(each.faults()).isEmpty();
      assertThat(each.versions()).hasSize(3).isEqualTo(sealed.versions());
      assertThat(each.receipts()).isEqualTo(12);
      assertThat(each.events())
          .filteredOn(event -> event.name().equals(LocalConsortium.COORDINATOR))
          .filteredOn(ProcessEvent.Started.class::isInstance)
          .as("starts of the coordinator")
          .hasSize(1);
    }
  }

  private Evidence run(String mode) throws Exception {
    Trial trial = new Trial(folder.resolve(mode), mode, 4, 5_000_000, 3, MOST, LITTLE_MIB);
    return trial.run(Packaged.installation(), CLOCK, Trial.Disturbance.NONE, _ -> {});
  }
}
