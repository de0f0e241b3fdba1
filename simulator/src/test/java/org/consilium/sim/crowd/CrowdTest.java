package org.consilium.sim.crowd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.consilium.protocol.Exposure;
import org.consilium.sim.crowd.CrowdResult.Round;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CrowdTest {
  private static final Exposure SEALED = new Exposure.Sealed();
  private static final Exposure MASKED = new Exposure.Masked(Exposure.Ring.BITS_32);

  @TempDir Path folder;
  private final List<String> told = new ArrayList<>();

  private CrowdResult run(int sites, Exposure exposure) throws Exception {
    CrowdOrder order = new CrowdOrder(sites, 300_000, 2, exposure, 2, folder.resolve("crowd"));
    return new Crowd(order, InstantSource.system(), System::nanoTime, told::add).run();
  }

  @Test
  void run_sealed_everySiteCountsInEveryRoundAndNoSpoolIsLeft() throws Exception {
    CrowdResult result = run(5, SEALED);

    assertThat(result.rounds()).extracting(Round::number).containsExactly(1, 2);
    assertThat(result.rounds()).extracting(Round::updates).containsOnly(5);
    // by hand: 2 rounds of 5 sites, 300,002 values of 4 bytes in two chunks with a tag of 16 bytes
    assertThat(result.bytesUp()).isEqualTo(2 * 5 * (300_002L * 4 + 2 * 16));
    assertThat(result.rounds())
        .allSatisfy(
            r ->
                assertThat(r.work())
                    .containsKeys(Work.PROTECT, Work.SEND, Work.CHECK, Work.REPORT, Work.AGGREGATE)
                    .doesNotContainKey(Work.MASK));
    assertThat(told).hasSize(2);
    assertThat(files("sites")).isEmpty();
    assertThat(files("coordinator/spool")).isEmpty();
  }

  @Test
  void run_masked_theSumIsFreedInEveryRound() throws Exception {
    CrowdResult result = run(4, MASKED);

    assertThat(result.rounds()).extracting(Round::updates).containsExactly(4, 4);
    assertThat(result.rounds())
        .allSatisfy(r -> assertThat(r.work()).containsKeys(Work.MASK, Work.MASK_INTAKE));
    assertThat(files("sites")).isEmpty();
  }

  @Test
  void order_moreThanAModeTakes_isRefusedInNumbers() {
    assertThatThrownBy(() -> run(129, MASKED)).hasMessage("crowd: sites must be 3-128, got 129");
    assertThatThrownBy(() -> run(1025, SEALED)).hasMessage("crowd: sites must be 2-1024, got 1025");
  }

  @Test
  void line_fourPoints_isTheOneOfLeastSquares() {
    // by hand: means 2.5 and 4; Sxy = 1.5*3 + 0.5*1 + 0.5*1 + 1.5*3 = 10, Sxx = 5
    Line line = Line.through(new double[] {1, 2, 3, 4}, new double[] {1, 3, 5, 7});
    Line bent = Line.through(new double[] {0, 1, 2}, new double[] {0, 0, 3});

    assertThat(line).isEqualTo(new Line(-1, 2));
    assertThat(bent.slope()).isCloseTo(1.5, within(1e-12));
    assertThat(bent.fixed()).isCloseTo(-0.5, within(1e-12));
    assertThatThrownBy(() -> Line.through(new double[] {1, 1}, new double[] {1, 2}))
        .hasMessageContaining("two different places");
  }

  private List<String> files(String below) throws IOException {
    Path top = folder.resolve("crowd").resolve(below);
    try (Stream<Path> all = Files.walk(top)) {
      return all.filter(Files::isRegularFile).map(p -> top.relativize(p).toString()).toList();
    }
  }
}
