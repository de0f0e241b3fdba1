package org.consilium.sim.kill;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import org.consilium.sim.consortium.LocalConsortium;
import org.consilium.sim.process.Packaged;
import org.consilium.sim.process.ProcessEvent;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A coordinator with less Java heap than one round's updates have bytes: four times 20 MB come at
 * once. F15: I1, I9.
 */
@Tag("slow")
final class LittleHeapAcceptanceTest {
  private static final InstantSource CLOCK = InstantSource.system();
  private static final Duration MOST = Duration.ofMinutes(8);
  private static final int LITTLE_MIB = 48;
  private static final int AMPLE_MIB = 192;

  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"sealed", "masked"})
  void f15_heapSmallerThanTheUpdates_sameModelsAndNoProcessDies(String mode) throws Exception {
    Evidence ample = run(mode, AMPLE_MIB);
    Evidence little = run(mode, LITTLE_MIB);

    assertThat(little.faults()).isEmpty();
    assertThat(little.versions()).hasSize(3).isEqualTo(ample.versions());
    assertThat(little.receipts()).isEqualTo(ample.receipts());
    assertThat(little.events())
        .filteredOn(event -> event.name().equals(LocalConsortium.COORDINATOR))
        .filteredOn(ProcessEvent.Started.class::isInstance)
        .hasSize(1);
  }

  private Evidence run(String mode, int heapMiB) throws Exception {
    Trial trial = new Trial(folder.resolve(mode + heapMiB), mode, 4, 5_000_000, 3, MOST, heapMiB);
    return trial.run(Packaged.installation(), CLOCK, Trial.Disturbance.NONE, _ -> {});
  }
}
