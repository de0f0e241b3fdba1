package org.consilium.sim.consortium;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.function.Predicate;
import org.consilium.protocol.SiteId;
import org.consilium.protocol.StudyPlan;
import org.consilium.protocol.wire.PlanCodec;
import org.consilium.security.fixed.ExactQuantiser;
import org.consilium.security.fixed.FixedTerms;
import org.consilium.security.fixed.Quantiser;
import org.consilium.sim.process.Packaged;
import org.consilium.sim.process.Supervisor;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A masked study in the ring of 64 bits, on processes of its own. */
@Tag("slow")
final class ExactRingAcceptanceTest {
  private static final InstantSource CLOCK = InstantSource.system();
  private static final List<SiteId> SITES =
      List.of(new SiteId("north"), new SiteId("south"), new SiteId("west"));
  private static final Duration LONGEST = Duration.ofMinutes(3);
  private static final String STUDY = "exact";

  @TempDir Path folder;

  @Test
  void study_maskedIn64Bits_everyVersionIsThePlainMean() throws Exception {
    LocalConsortium.Layout layout = new LocalConsortium.Layout(folder.resolve("lab"), 256, 256);
    try (Supervisor supervisor = new Supervisor(CLOCK, _ -> {});
        LocalConsortium consortium =
            LocalConsortium.start(Packaged.installation(), layout, CLOCK, supervisor)) {
      var _ = consortium.await();
      consortium.join(SITES);
      for (SiteId site : SITES) {
        consortium.serve(site, List.of("--data", "synthetic:50"));
      }
      consortium.approveStudy(STUDY, consortium.create(yaml()), SITES);
      await(consortium, v -> v.sites().stream().allMatch(s -> s.decision().equals("ACCEPTED")));
      consortium.startStudy(STUDY);
      await(consortium, StudyView::over);

      Path approved = layout.siteState(SITES.getFirst()).resolve("studies").resolve(STUDY);
      StudyPlan plan = PlanCodec.decode(Files.readAllBytes(approved.resolve("proposal.plan")));
      for (int round = 1; round <= 2; round++) {
        Path base = model(consortium, round - 1);
        assertThat(PlainUpdate.parameters(model(consortium, round)))
            .as("round " + round)
            .isEqualTo(expected(plan, round, base));
      }
    }
  }

  /** The base and the mean of the sites' deltas, each rounded to the nearest 2^-24. */
  private static float[] expected(StudyPlan plan, int round, Path base) throws Exception {
    float[] next = PlainUpdate.parameters(base);
    long[] sum = new long[next.length];
    long[] one = new long[next.length];
    ExactQuantiser quantiser = new ExactQuantiser(FixedTerms.exact(1, SITES.size()));
    for (SiteId site : SITES) {
      float[] delta = PlainUpdate.delta(plan, site, round, base);
      var _ = quantiser.quantise(new Quantiser.Run(0, delta.length, 24, 1, 1), delta, 0, one, 0);
      for (int i = 0; i < sum.length; i++) {
        sum[i] += one[i];
      }
    }
    for (int i = 0; i < next.length; i++) {
      next[i] = (float) (next[i] + sum[i] / 3.0 * 0x1p-24);
    }
    return next;
  }

  /** Three chunks: 2^17 values of 64 bits in each but the last. */
  private static String yaml() {
    return """
    apiVersion: consilium/v1
    kind: Study
    metadata: {name: exact}
    spec:
      model: {architecture: synthetic, height: 8, width: 8, parameters: 300000}
      task: {type: classification, labels: [normal, lesion], metrics: [loss], select: loss}
      algorithm: {name: fedavg, rounds: 2, weighting: uniform}
      training: {localBaseline: false}
      privacy: {mode: masked, ring: 64}
      sites: {include: [north, south, west], quorum: 3, deadline: 5m}
      seed: 5
    """;
  }

  private Path model(LocalConsortium consortium, int round) throws Exception {
    Path file = folder.resolve(round + ".safetensors");
    consortium.api().download("/api/v1/studies/%s/models/%d/file".formatted(STUDY, round), file);
    return file;
  }

  private static void await(LocalConsortium consortium, Predicate<StudyView> condition)
      throws IOException, InterruptedException {
    long until = System.nanoTime() + LONGEST.toNanos();
    while (!condition.test(consortium.study(STUDY))) {
      assertThat(System.nanoTime()).as("waiting").isLessThan(until);
      Thread.sleep(50);
    }
  }
}
