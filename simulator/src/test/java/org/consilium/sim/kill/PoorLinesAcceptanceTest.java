package org.consilium.sim.kill;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.consilium.sim.process.Installation;
import org.consilium.sim.process.Packaged;
import org.consilium.sim.proxy.FaultProxy;
import org.consilium.sim.proxy.LineTerms;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A masked study whose sites have the worst lines of the matrix for good: one loses three segments
 * in ten, one is five seconds away and back, one has 64 kbit/s. F4: I1, I2, I9.
 */
@Tag("slow")
final class PoorLinesAcceptanceTest {
  private static final InstantSource CLOCK = InstantSource.system();
  private static final Duration MOST = Duration.ofMinutes(8);
  private static final List<LineTerms> POOR =
      List.of(
          LineTerms.good().withLoss(.3),
          LineTerms.good().withLatency(Duration.ofMillis(2_500)),
          LineTerms.good().withBandwidth(64_000));

  @TempDir private Path folder;

  @Test
  void f4_lossDelayAndNarrowness_masked_sameModelsAndNothingLost() throws Exception {
    Installation installation = Packaged.installation();
    Evidence quiet = trial("quiet").run(installation, CLOCK, Trial.Disturbance.NONE, _ -> {});

    Evidence poor;
    try (Lines lines = new Lines()) {
      poor = trial("poor").run(installation, CLOCK, lines, _ -> {});
    }

    System.out.printf("quiet %s, over poor lines %s%n", quiet.took(), poor.took());
    assertThat(poor.faults()).isEmpty();
    assertThat(poor.versions()).isEqualTo(quiet.versions());
    assertThat(poor.receipts()).isEqualTo(quiet.receipts());
  }

  /** One line a site. */
  private static final class Lines implements Trial.Disturbance, AutoCloseable {
    private final List<FaultProxy> lines = new ArrayList<>();

    @Override
    public void prepare(Trial.Scene scene) throws IOException {
      InetSocketAddress coordinator =
          new InetSocketAddress(InetAddress.getLoopbackAddress(), scene.consortium().grpcPort());
      for (int i = 0; i < POOR.size(); i++) {
        lines.add(FaultProxy.listen(coordinator, POOR.get(i), i, System::nanoTime));
        scene.layout().route(scene.trial().ids().get(i), lines.get(i).port());
      }
    }

    @Override
    public void disturb(Trial.Scene scene) {}

    @Override
    public void close() throws IOException {
      for (FaultProxy line : lines) {
        line.close();
      }
    }
  }

  private Trial trial(String name) {
    return new Trial(folder.resolve(name), "masked", POOR.size(), 10_000, 2, MOST);
  }
}
