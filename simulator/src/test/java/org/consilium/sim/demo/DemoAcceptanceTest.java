package org.consilium.sim.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import org.consilium.sim.federation.Screen;
import org.consilium.sim.process.Packaged;
import org.consilium.sim.report.DemoReport;
import org.consilium.sim.scenario.Scenario;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole consortia of real processes: coordinator and sites as packaged jars. */
@Tag("slow")
final class DemoAcceptanceTest {
  private static final int SEED = 11;

  @TempDir Path folder;

  @Test
  void f1f2_coordinatorAndSitesKilled_sameDigestAsUndisturbed() throws Exception {
    DemoReport calm = run("calm", 3, Scenario.SKEW, Chaos.NONE);
    DemoReport sealed = run("sealed", 3, Scenario.SKEW, "sealed", Chaos.NONE);
    DemoReport coordinatorKilled = run("f1", 3, Scenario.SKEW, new Chaos(2, 0));
    DemoReport siteKilled = run("f2", 3, Scenario.SKEW, new Chaos(0, 1));

    // Under masks the same deltas become the same integers, and the same sum.
    assertThat(sealed.head().modelDigest()).isEqualTo(calm.head().modelDigest());
    assertThat(kills(calm)).isZero();
    assertThat(kills(coordinatorKilled)).isPositive();
    assertThat(coordinatorKilled.head().modelDigest()).isEqualTo(calm.head().modelDigest());
    assertThat(kills(siteKilled)).isPositive();
    assertThat(siteKilled.head().modelDigest()).isEqualTo(calm.head().modelDigest());
    // I2: each round counts each site once.
    assertThat(coordinatorKilled.rounds()).hasSize(4).allMatch(r -> r.accepted() == 3);
    assertThat(siteKilled.rounds()).hasSize(4).allMatch(r -> r.accepted() == 3);
  }

  @Test
  void f3_siteGoneForGood_roundsGoOnByQuorum() throws Exception {
    DemoReport report = run("f3", 4, Scenario.DROPOUT, Chaos.NONE);

    assertThat(report.rounds().getLast().accepted()).isEqualTo(3);
    assertThat(report.rounds().getFirst().accepted()).isEqualTo(4);
    assertThat(kills(report)).isEqualTo(1);
  }

  private static long kills(DemoReport report) {
    return report.timeline().stream().filter(e -> e.kind().equals("kill")).count();
  }

  private DemoReport run(String name, int sites, Scenario scenario, Chaos chaos)
      throws IOException, InterruptedException {
    return run(name, sites, scenario, "masked", chaos);
  }

  private DemoReport run(String name, int sites, Scenario scenario, String mode, Chaos chaos)
      throws IOException, InterruptedException {
    Path out = folder.resolve(name);
    Files.createDirectories(out);
    DemoOptions options =
        new DemoOptions(
            sites, 4, scenario, mode, SEED, out, false, false, chaos, DemoOptions.Scale.TINY);
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    Screen screen = new Screen(new PrintStream(said, true, StandardCharsets.UTF_8), false);
    DemoReport report =
        new DemoRun(options, Packaged.installation(), InstantSource.system(), screen).run();
    assertThat(out.resolve("model.safetensors")).isNotEmptyFile();
    assertThat(out.resolve(".work")).doesNotExist();
    return report;
  }
}
